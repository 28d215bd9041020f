"""Datasets of COCO's form, as masks: `coco:FOLDER` with annotations/instances_NAME.json and a folder NAME of images.

An instance's pixels get its category, crowds are ignored, and what is small lies over what is large.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..errors import ModelLockError
from ..reading import is_regular
from .dataset import Dataset, Split
from .decoding import decode
from .images import open_image, to_pixels
from .masks import mask_pixels, masked_split
from .options import LoadOptions
from .targets import IGNORE

PARTS = ("train", "val")  # what the names of the two splits begin with


def load_coco(name: str, options: LoadOptions) -> Dataset:
    """Read a folder of COCO's form for segmentation.

    Raises:
        ModelLockError: a file is missing or damaged, or there are more categories than a mask can hold.
    """
    root = Path(name)
    train, test = (_annotations(root, part) for part in PARTS)
    try:
        classes, index = _classes(train[1]["categories"])
        splits = [_read(folder, values, index, options.size) for folder, values in (train, test)]
    except ModelLockError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        cause = " ".join(str(error).split())[:100]
        raise ModelLockError(f"coco:{name} is damaged ({cause} in its annotations); get it again") from None
    return Dataset(root.resolve().name, classes, splits[0], splits[1], task="segmentation")


def _classes(categories: list[dict[str, Any]]) -> tuple[tuple[str, ...], dict[int, int]]:
    """The names of the classes, and the class of each category."""
    names = {category["id"]: category["name"] for category in categories}
    if not 1 <= len(names) < IGNORE - 1:
        raise ModelLockError(f"there are {len(names)} categories in COCO's form; from 1 to {IGNORE - 2} fit a mask")
    if not all(isinstance(name, str) and name for name in names.values()):
        raise ValueError("a category without a name")
    order = sorted(names)
    return ("background", *(names[category] for category in order)), {c: i for i, c in enumerate(order, 1)}


def _annotations(root: Path, part: str) -> tuple[Path, dict[str, Any]]:
    """The folder of a split's images, and its annotations."""
    files = sorted((root / "annotations").glob(f"instances_{part}*.json"))
    if not files:
        raise ModelLockError(
            f"coco:{root} has no annotations/instances_{part}*.json; give a folder of COCO's form, such as COCO 2017"
        )
    folder = root / files[0].stem.removeprefix("instances_")
    try:
        values: Any = json.loads(files[0].read_text()) if is_regular(files[0]) else None
        complete = isinstance(values, dict) and {"images", "annotations", "categories"} <= values.keys()
    except (OSError, ValueError, RecursionError):
        complete = False
    if not complete:
        raise ModelLockError(f"{files[0]} holds no annotations of COCO's form; get it again")
    if not folder.is_dir():
        raise ModelLockError(f"coco:{root} has no folder {folder.name} for {files[0].name}; put its images there")
    return folder, values


def _read(folder: Path, values: dict[str, Any], index: dict[int, int], size: int) -> Split:
    """Images that have an annotation, with their masks."""
    by_image: dict[int, list[dict[str, Any]]] = {}
    for annotation in values["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    images = [image for image in values["images"] if image["id"] in by_image]
    if not images:
        raise ModelLockError(f"{folder} has no annotated images; give a folder of COCO's form")

    def read(row: int) -> Tensor:
        name = Path(images[row]["file_name"])
        if name.is_absolute() or ".." in name.parts:
            raise ValueError("an image outside its folder")
        picture = open_image(folder / name)
        mask = class_mask(by_image[images[row]["id"]], index, picture.size)
        return torch.cat([to_pixels(picture, size), mask_pixels(mask, size)[None]])

    return masked_split(decode(len(images), (4, size, size), read))


def class_mask(annotations: list[dict[str, Any]], index: dict[int, int], size: tuple[int, int]) -> Image.Image:
    """The class of every pixel of an image (width, height), from its instances' polygons and run lengths."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for annotation in sorted(annotations, key=lambda a: (not a.get("iscrowd"), -float(a.get("area", 0)))):
        shape, value = annotation["segmentation"], index[annotation["category_id"]]
        if annotation.get("iscrowd"):
            value = IGNORE
        if isinstance(shape, list):
            for polygon in shape:
                draw.polygon(polygon, fill=value)
        elif isinstance(shape["counts"], list):
            mask.paste(value, mask=_run_lengths(shape["counts"], size))
        else:  # compressed: its box says where
            left, top, width, height = annotation["bbox"]
            draw.rectangle((left, top, left + width, top + height), fill=IGNORE)
    return mask


def _run_lengths(counts: list[int], size: tuple[int, int]) -> Image.Image:
    """A mask from the lengths of its runs of 0 and 1 in turn, column by column."""
    width, height = size
    if sum(counts) != width * height or min(counts) < 0:
        raise ValueError("run lengths of another size than their image")
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    return Image.fromarray((255 * flat.reshape(width, height).T).astype(np.uint8))
