"""The catalogue's thumbnails in step 1, cut from one picture that `training/render_gallery.py` makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from PIL import Image

from modellock_core.editing.catalogue import CATALOGUE, KeyPrompt
from modellock_core.paths import GALLERY

COLUMNS = 16  # of the grid in the picture
SIDE = 256  # px, of a thumbnail

ENTRIES = tuple(entry for entry in CATALOGUE if entry.trained)  # in the grid's order, row by row


def box(number: int) -> tuple[int, int, int, int]:
    """Where a thumbnail lies in the picture: left, upper, right, lower."""
    row, column = divmod(number, COLUMNS)
    return column * SIDE, row * SIDE, (column + 1) * SIDE, (row + 1) * SIDE


def matching(text: str) -> list[KeyPrompt]:
    """The prompts whose name, text or category contains a text; all of them if it is empty."""
    wanted = (text or "").strip().casefold()
    return [one for one in ENTRIES if any(wanted in part.casefold() for part in (one.name, one.prompt, one.category))]


@cache
def _picture() -> Image.Image:
    with Image.open(GALLERY) as picture:
        return picture.convert("RGB")


def found(text: str) -> list[tuple[Image.Image, str]]:
    """Thumbnail and name of each prompt that matches."""
    return [(_picture().crop(box(ENTRIES.index(entry))), entry.name) for entry in matching(text)]


def pictures(entries: Sequence[KeyPrompt], side: int) -> list[tuple[Image.Image, str]]:
    """Thumbnail and name of each of some prompts, `side` px wide."""
    boxes = [(box(ENTRIES.index(entry)), entry.name) for entry in entries]
    return [(_picture().resize((side, side), Image.Resampling.LANCZOS, box=cut), name) for cut, name in boxes]


def categories() -> list[str]:
    """The catalogue's groups, in its order: what else one may search for."""
    return list(dict.fromkeys(entry.category for entry in ENTRIES))
