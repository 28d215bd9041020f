"""Datasets of COCO's form, as masks: `coco:FOLDER` with annotations/instances_NAME.json and a folder NAME of images.

An instance's pixels get its category, crowds are ignored, and what is small lies over what is large.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelLockError
from ..reading import is_regular
from .class_names import check_class_names
from .coco_masks import class_mask
from .dataset import Dataset, Split
from .decoding import decode
from .images import open_image, to_pixels
from .masks import mask_pixels, masked_split
from .options import LoadOptions
from .targets import IGNORE

PARTS = ("train", "val")  # what the names of the two splits begin with
DAMAGED = (LookupError, TypeError, ValueError, AttributeError, OverflowError)  # what annotations of any form raise


def load_coco(name: str, options: LoadOptions) -> Dataset:
    """Read a folder of COCO's form for segmentation.

    Raises:
        ModelLockError: a file is missing or damaged, or there are more categories than a mask can hold.
    """
    root = Path(name)
    train, test = (_annotations(root, part) for part in PARTS)
    try:
        classes, index = _classes(train[1]["categories"])
        if (classes, index) != _classes(test[1]["categories"]):
            raise ValueError("two splits of different categories")
        splits = [_read(folder, values, index, options.size) for folder, values in (train, test)]
    except ModelLockError:
        raise
    except DAMAGED as error:
        cause = " ".join(str(error).split())[:100]
        raise ModelLockError(f"coco:{name} is damaged ({cause} in its annotations); get it again") from None
    return Dataset(root.resolve().name, classes, splits[0], splits[1], task="segmentation")


def _classes(categories: list[dict[str, Any]]) -> tuple[tuple[str, ...], dict[int, int]]:
    """The names of the classes, and the class of each category."""
    names = _by_id(categories, "category", "name")
    if not 1 <= len(names) < IGNORE - 1:
        raise ModelLockError(f"there are {len(names)} categories in COCO's form; from 1 to {IGNORE - 2} fit a mask")
    if not all(isinstance(name, str) and name for name in names.values()):
        raise ValueError("a category without a name")
    order = sorted(names)
    classes = ("background", *(names[category] for category in order))
    check_class_names(classes)
    return classes, {c: i for i, c in enumerate(order, 1)}


def _by_id(listed: list[dict[str, Any]], kind: str, value: str) -> dict[Any, Any]:
    """A value of each of what is listed, by its id."""
    found = {each["id"]: each[value] for each in listed}
    if len(found) != len(listed):
        raise ValueError(f"the id of one {kind} for two")
    return found


def _annotations(root: Path, part: str) -> tuple[Path, dict[str, Any]]:
    """The folder of a split's images, and its annotations."""
    files = sorted((root / "annotations").glob(f"instances_{part}*.json"))
    if not files:
        raise ModelLockError(
            f"coco:{root} has no annotations/instances_{part}*.json; give a folder of COCO's form, such as COCO 2017"
        )
    folder = root / files[0].stem.removeprefix("instances_")
    try:
        values: Any = json.loads(files[0].read_bytes()) if is_regular(files[0]) else None
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
    names = _by_id(values["images"], "image", "file_name")
    images = [image for image in names if image in by_image]  # annotations of others are of a larger set
    if not images:
        raise ModelLockError(f"{folder} has no annotated images; give a folder of COCO's form")

    def read(row: int) -> Tensor:
        name = Path(names[images[row]])
        if name.is_absolute() or ".." in name.parts:
            raise ValueError("an image outside its folder")
        picture = open_image(folder / name)
        try:
            mask = class_mask(by_image[images[row]], index, picture.size)
        except DAMAGED as error:
            raise ValueError(f"{error} at {name}") from None
        return torch.cat([to_pixels(picture, size), mask_pixels(mask, size)[None]])

    return masked_split(decode(len(images), (4, size, size), read))
