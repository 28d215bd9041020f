"""Pictures in rows and columns with their labels, as one picture to keep: what differs between keys is seen at once."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from modellock_core.errors import ModelLockError

FONT_SIZE, MARGIN = 17, 8  # px
INK, PAPER = "#1e293b", "white"


def labelled_grid(
    cells: Sequence[Image.Image], columns: Sequence[str], rows: Sequence[str], *, row_width: int = 170
) -> Image.Image:
    """Draw a grid.

    Args:
        cells: R * C pictures of one size, row by row.
        columns, rows: the C and R labels; long ones are broken into lines.
        row_width: px for the labels of the rows.

    Raises:
        ModelLockError: there are not R * C cells, or they are of different sizes.
    """
    if not cells or len(cells) != len(columns) * len(rows):
        raise ModelLockError(f"a grid of {len(rows)} x {len(columns)} needs as many pictures, got {len(cells)}")
    if len({cell.size for cell in cells}) > 1:
        raise ModelLockError("the pictures of a grid must be of one size")
    font, (width, height) = ImageFont.load_default(FONT_SIZE), cells[0].size
    heads = [_broken(text, font, width - 2 * MARGIN) for text in columns]
    sides = [_broken(text, font, row_width - 2 * MARGIN) for text in rows]
    top = max(text.count("\n") + 1 for text in heads) * (FONT_SIZE + 5) + 2 * MARGIN
    picture = Image.new(
        "RGB", (row_width + len(columns) * (width + MARGIN), top + len(rows) * (height + MARGIN)), PAPER
    )
    draw = ImageDraw.Draw(picture)
    for column, text in enumerate(heads):
        left = row_width + column * (width + MARGIN)
        draw.multiline_text((left + width / 2, top / 2), text, INK, font, anchor="mm", align="center")
    for row, text in enumerate(sides):
        upper = top + row * (height + MARGIN)
        draw.multiline_text((row_width - MARGIN, upper + height / 2), text, INK, font, anchor="rm", align="right")
        for column in range(len(columns)):
            picture.paste(cells[row * len(columns) + column], (row_width + column * (width + MARGIN), upper))
    return picture


def _broken(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """A text in lines of at most this width, broken at spaces."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)
