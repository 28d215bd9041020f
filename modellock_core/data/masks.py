"""Datasets for segmentation: a folder with `images/` and `masks/`.

A mask is a PNG of its image's name and size, palette or grey, whose values are class indices. 0 is the background, 255
is ignored. `classes.txt` beside the folders may name the classes, one per line.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ..errors import ModelLockError
from ..reading import read_text
from .class_names import check_class_names
from .dataset import Dataset, Split
from .decoding import decode
from .image_sets import StoredImages
from .images import IMAGE_SUFFIXES, open_image, opened, to_pixels
from .options import LoadOptions
from .splitting import held_out
from .targets import IGNORE, Masks

CLASS_NAMES = "classes.txt"
SAMPLES = 5  # names in an error
MAX_NAMES = 2**20  # bytes of the class names


def load_mask_folder(root: Path, name: str, options: LoadOptions) -> Dataset:
    """Read a folder with `images/` and `masks/`; a fraction of the images is held out.

    Raises:
        ModelLockError: a folder, an image's mask or a mask's image is missing, sizes differ, a file is damaged, a mask
            is in colour, a value has no class, or there are fewer than two images or classes.
    """
    for part in ("images", "masks"):
        if not (root / part).is_dir():
            raise ModelLockError(f"{name} has no folder {part!r}; segmentation needs images/ and masks/")
    images, masks = _by_name(root / "images", IMAGE_SUFFIXES), _by_name(root / "masks", {".png"})
    for kind, lone in (("mask", images.keys() - masks.keys()), ("image", masks.keys() - images.keys())):
        if lone:
            these = ", ".join(sorted(lone)[:SAMPLES])
            raise ModelLockError(f"{name}: {len(lone)} files have no {kind} of the same name, such as {these}")
    if len(images) < 2:
        raise ModelLockError(f"{name} holds {len(images)} images; at least 2 are needed, to train and to test")

    def read(names: list[str]) -> Split:
        size = options.size
        pixels = decode(len(names), (4, size, size), lambda i: _read_pair(images[names[i]], masks[names[i]], size))
        return masked_split(pixels)

    train, test = (read(names) for names in held_out(sorted(images), options.test_fraction, str(options.seed)))
    return Dataset(name, _class_names(root, name, train, test), train, test, task="segmentation")


def masked_split(pixels: Tensor) -> Split:
    """The split of images and their masks as a fourth channel (N, 4, H, W) uint8."""
    return Split(StoredImages(pixels[:, :3]), Masks(pixels[:, 3]))


def mask_pixels(mask: Image.Image, size: int) -> Tensor:
    """The centre square of a mask (size, size) uint8, values as they are."""
    grey = Image.fromarray(np.asarray(mask).astype(np.uint8))
    return torch.from_numpy(np.array(ImageOps.fit(grey, (size, size), Image.Resampling.NEAREST)))


def _by_name(folder: Path, suffixes: Set[str]) -> dict[str, Path]:
    """The files of a folder by their path in it, without the suffix."""
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and path.name[0] != ".":
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in files:
                raise ModelLockError(f"{folder.name}/ holds {files[name].name} and {path.name}; give each its own name")
            files[name] = path
    return files


def _read_pair(image_file: Path, mask_file: Path, size: int) -> Tensor:
    """An image and its mask (4, size, size) uint8."""
    image = open_image(image_file, image_file.name)
    mask_name = f"masks/{mask_file.name}"
    with opened(mask_file, mask_name) as file:
        mask = file.copy()
    if mask.mode not in ("1", "L", "P") and not mask.mode.startswith("I"):
        raise ModelLockError(
            f"{mask_name} is in colour ({mask.mode}); save it as a palette or grey PNG of class indices"
        )
    if mask.size != image.size:
        sizes = " and ".join(f"{width}x{height} px" for width, height in (image.size, mask.size))
        raise ModelLockError(f"{image_file.name} and its mask have different sizes, {sizes}; make them alike")
    highest = np.asarray(mask).max()
    if highest > IGNORE:
        raise ModelLockError(f"{mask_name} holds the value {highest}; class indices end at {IGNORE - 1}")
    return torch.cat([to_pixels(image, size), mask_pixels(mask, size)[None]])


def _class_names(root: Path, name: str, *splits: Split) -> tuple[str, ...]:
    """Names of the classes, from the file or made up, after a look at the masks' values."""
    values = {value for split in splits for mask in split.targets.values for value in mask.unique().tolist()}
    highest = max(values - {IGNORE}, default=0)
    file = root / CLASS_NAMES
    if file.exists():
        classes = tuple(line.strip() for line in read_text(file, CLASS_NAMES, MAX_NAMES).splitlines() if line.strip())
        check_class_names(classes)
        if highest >= len(classes):
            raise ModelLockError(
                f"{name}: a mask holds the value {highest}, but {CLASS_NAMES} names {len(classes)} classes "
                f"(0 to {len(classes) - 1}); name it there, or write {IGNORE} where a pixel is to be ignored"
            )
    else:
        classes = ("background", *(f"class {i}" for i in range(1, highest + 1)))
    if len(classes) < 2 or highest < 1:
        raise ModelLockError(
            f"{name}: the masks hold no class but the background (0); write 1, 2 ... where the things are "
            f"({IGNORE} means that a pixel is ignored)"
        )
    return classes
