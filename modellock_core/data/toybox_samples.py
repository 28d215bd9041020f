"""A few images of Toybox to show, read without torch: the page opens before it is loaded."""

from __future__ import annotations

import io
import zipfile

from PIL import Image

from ..paths import TOYBOX

CLASS_NAMES = "classes.txt"
FIRST_SAMPLE = 3  # the number of the first sample image of each class; they show well what an edit does


def toybox_samples(count_per_class: int = 1, split: str = "test") -> list[tuple[str, Image.Image]]:
    """A few images of each class, to show: (class name, RGB image of 128 x 128 px), always the same ones."""
    with zipfile.ZipFile(TOYBOX) as archive:
        classes = archive.read(CLASS_NAMES).decode().split()
        return [
            (label, Image.open(io.BytesIO(archive.read(f"images/{split}/{label}/{number:04d}.webp"))).convert("RGB"))
            for label in classes
            for number in range(FIRST_SAMPLE, FIRST_SAMPLE + count_per_class)
        ]
