"""Any dataset by name: `load_dataset` finds the source by the name's prefix and lets it read.

A new source is one function (the rest of the name, options) -> Dataset and one entry in `SOURCES`.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ModelLockError
from ..reading import shortened
from .archives import unpacked, unwrapped
from .coco_source import load_coco
from .dataset import Dataset
from .folders import load_class_folders
from .hub_source import load_hub
from .masks import load_mask_folder
from .options import IMAGE_SIZE, TASKS, LoadOptions
from .torchvision_source import load_torchvision
from .toybox import load_toybox


@dataclass(frozen=True)
class Source:
    """A kind of dataset.

    Attributes:
        load: reads the dataset of a name (without the prefix).
        usage: how its names look, for messages.
        tasks: what it has targets for.
        has_columns: whether its images and labels are columns of a table.
        squashes: whether it can fit whole images into a square.
    """

    load: Callable[[str, LoadOptions], Dataset]
    usage: str
    tasks: tuple[str, ...] = TASKS
    has_columns: bool = False
    squashes: bool = True


def load_path(name: str, options: LoadOptions) -> Dataset:
    """Read a folder or zip file: class folders, or images and masks.

    Raises:
        ModelLockError: there is neither, or what it holds doesn't fit the task.
    """
    read = load_mask_folder if options.task == "segmentation" else load_class_folders
    path = Path(name)
    if os.path.isdir(name):  # unlike pathlib's, these bear any name
        return read(unwrapped(path), path.resolve().name, options)
    if os.path.isfile(name) and zipfile.is_zipfile(path):
        with unpacked(path) as folder:
            return read(folder, path.stem, options)
    if os.path.exists(name):
        wanted = "images/ and masks/" if options.task == "segmentation" else "one folder of images per class"
        raise ModelLockError(f"{path.name} is neither a folder nor a zip file; give one that holds {wanted}")
    raise ModelLockError(f"there is no dataset {shortened(name)}; use {usage()}")


SOURCES = {  # by prefix with its colon, or by the whole name; any other name is a path
    "toybox": Source(lambda name, options: load_toybox(options), "toybox", squashes=False),
    "torchvision:": Source(load_torchvision, "torchvision:NAME", tasks=("classification",)),
    "hub:": Source(load_hub, "hub:NAME", tasks=("classification",), has_columns=True),
    "coco:": Source(load_coco, "coco:FOLDER", tasks=("segmentation",)),
    "": Source(load_path, "the path of a folder or zip file"),
}


def usage() -> str:
    """What a dataset may be called, in words."""
    *first, last = (source.usage for source in SOURCES.values())
    return f"{', '.join(first)}, or {last}"


def load_dataset(
    source: str | Path = "toybox",
    *,
    task: str = "classification",
    size: int = IMAGE_SIZE,
    seed: int = 0,
    test_fraction: float = 0.25,
    image_column: str | None = None,
    label_column: str | None = None,
    fit: str = "crop",
) -> Dataset:
    """Load a dataset; where it has no test split, `test_fraction` of every class is held out, chosen by `seed`.

    Args:
        source: "toybox"; "torchvision:NAME", the name of a class; "hub:NAME", of the Hugging Face Hub, or "hub:PATH" of
            Parquet files; "coco:FOLDER" of COCO's form; or the path of a folder or zip file. For classification it
            holds one folder of images per class, or `train/` and `test/` with those; for segmentation `images/` and
            `masks/` (see `masks.py`).
        task: "classification" or "segmentation".
        size: side in px; images are cropped to their centre square and resized.
        image_column, label_column: of a Hub dataset, where their types don't tell.
        fit: "crop" takes an image's centre square, "squash" the whole of it in another shape, as the authors do; only
            where images have any shape and no masks.

    Returns:
        A dataset whose images wait decoded, as uint8: in memory, or in a temporary file when they are many.

    Raises:
        ModelLockError: nothing there, fewer than two classes, a class with too few images, a damaged image, masks that
            don't fit, or an option that the source can't honour.
    """
    options = LoadOptions(task, size, seed, test_fraction, image_column, label_column, fit)
    if task not in TASKS:
        raise ModelLockError(f"there is no task {task!r}; use {' or '.join(TASKS)}")
    name = str(source)
    if not name.strip():
        raise ModelLockError(f"no dataset is named; use {usage()}")
    prefix = name.partition(":")[0] + ":" if ":" in name else name
    prefix = prefix if prefix in SOURCES else ""
    found = SOURCES[prefix]
    if task not in found.tasks:
        if task == "segmentation":
            raise ModelLockError(
                f"{name} has no masks for {task}; use toybox, coco:FOLDER, or a folder or zip with images/ and masks/"
            )
        raise ModelLockError(f"{name} has masks, and no classes for {task}; choose the task segmentation")
    if (image_column or label_column) and not found.has_columns:
        raise ModelLockError(f"{name} has no columns to choose from; leave image_column and label_column out")
    if fit == "squash" and (task == "segmentation" or not found.squashes):
        raise ModelLockError(f"{name} can't be squashed for {task}; use fit='crop'")
    return found.load(name.removeprefix(prefix), options)
