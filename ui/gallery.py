"""The catalogue's thumbnails in step 1, cut from one picture that `training/render_gallery.py` makes."""

from __future__ import annotations

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


def categories() -> list[str]:
    """The catalogue's groups, in its order."""
    return list(dict.fromkeys(entry.category for entry in ENTRIES))


def entries(category: str) -> list[KeyPrompt]:
    """The prompts of a category."""
    return [entry for entry in ENTRIES if entry.category == category]


@cache
def thumbnails(category: str) -> list[tuple[Image.Image, str]]:
    """Thumbnail and name of each prompt in a category."""
    with Image.open(GALLERY) as picture:
        return [(picture.crop(box(i)), entry.name) for i, entry in enumerate(ENTRIES) if entry.category == category]
