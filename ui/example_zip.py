"""A small zip of images: an example of how a visitor's own have to be laid out."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from PIL import Image

from modellock_core.paths import TOYBOX
from modellock_core.writing import file_replaced

from .process_folder import TEMPORARY, process_folder

EACH = 8  # images of each class


def example_zip(task: str) -> str:
    """The file of a zip with some of Toybox's images, laid out for a task."""
    file = process_folder() / TEMPORARY / f"example-{task}.zip"
    if not file.exists():
        with file_replaced(file) as part, zipfile.ZipFile(part, "w") as example, zipfile.ZipFile(TOYBOX) as toybox:
            _copy(toybox, example, task)
    return str(file)


def _copy(toybox: zipfile.ZipFile, example: zipfile.ZipFile, task: str) -> None:
    classes = toybox.read("classes.txt").decode().split()
    for i, name in enumerate(classes):
        for image in sorted(f for f in toybox.namelist() if f.startswith(f"images/train/{name}/"))[:EACH]:
            stem = Path(image).stem
            if task == "classification":
                example.writestr(f"{name}/{stem}.webp", toybox.read(image))
                continue
            example.writestr(f"images/{name}-{stem}.webp", toybox.read(image))
            mask = toybox.read(image.replace("images/", "masks/").replace(".webp", ".png"))
            example.writestr(f"masks/{name}-{stem}.png", _valued(mask, i + 1))
    if task == "segmentation":
        example.writestr("classes.txt", "\n".join(["background", *classes]) + "\n")


def _valued(mask: bytes, value: int) -> bytes:
    """A mask of 1 bit as one whose object has the value of its class."""
    png = io.BytesIO()
    Image.open(io.BytesIO(mask)).convert("L").point(lambda grey: value if grey else 0).save(png, "png")
    return png.getvalue()
