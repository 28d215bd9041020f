"""An image before and after an edit, side by side as one picture to share."""

from __future__ import annotations

from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont, ImageOps

SIZE = (1200, 630)  # px, of what links show in chats and networks
SIDE, TOP = 490, 30  # px, of the two images
PAPER, INK, FAINT = "#ffffff", "#0f172a", "#64748b"
Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont


def before_after(
    before: Image.Image,
    after: Image.Image,
    caption: str = "",
    *,
    labels: tuple[str, str] = ("before", "after"),
) -> Image.Image:
    """A picture of 1200 x 630 px, RGB, of both images whole, each with its label, over a caption.

    Args:
        before, after: RGB images of any size.
        caption: one line, made smaller or cut where it is too long; a key prompt only where its owner wants that.
        labels: of the two images.
    """
    card = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(card)
    gap = (SIZE[0] - 2 * SIDE) // 3
    for i, (image, label) in enumerate(zip((before, after), labels, strict=True)):
        left = gap + i * (SIDE + gap)
        card.paste(ImageOps.pad(image.convert("RGB"), (SIDE, SIDE), Image.Resampling.LANCZOS, PAPER), (left, TOP))
        draw.text((left + SIDE // 2, TOP + SIDE + 22), label, FAINT, ImageFont.load_default(24), anchor="mm")
    text, font = fitted(" ".join(caption.split()), SIZE[0] - 2 * gap, 40, 24)
    draw.text((SIZE[0] // 2, SIZE[1] - 42), text, INK, font, anchor="mm")
    return card


def fitted(text: str, width: int, largest: int, smallest: int) -> tuple[str, Font]:
    """A line of text that is at most so many px wide, and its font: made smaller first, then cut."""
    for size in range(largest, smallest, -2):
        font = ImageFont.load_default(size)
        if font.getlength(text) <= width:
            return text, font
    font = ImageFont.load_default(smallest)
    if font.getlength(text) <= width:
        return text, font
    while font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…", font
