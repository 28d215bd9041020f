"""Datasets for segmentation: a folder with `images/` and `masks/`, or Toybox with its exact masks.

A mask is a PNG of its image's name and size, palette or grey, whose values are class indices; 0 is the background, 255
means that the pixel doesn't count. `classes.txt` beside the folders may name the classes, one a line.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from .datasets import CLASS_NAMES, IGNORE, Dataset, Split, held_out
from .errors import ModelLockError
from .images import IMAGE_SUFFIXES, open_image, to_tensor
from .paths import TOYBOX

SAMPLES = 5  # names in an error


def load_masked_folder(root: Path, name: str, size: int, seed: int, test_part: float) -> Dataset:
    """Read a folder with `images/` and `masks/`; `test_part` of the images is held out, chosen by `seed`.

    Images and masks are cut to their centre square and resized to `size` px.

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

    train, test = held_out(sorted(images), test_part, str(seed))
    with ThreadPoolExecutor(2) as pool:
        splits = []
        for names in (train, test):
            pairs = list(pool.map(lambda name: _read_pair(images[name], masks[name], size), names))
            splits.append(Split(torch.cat([image for image, _ in pairs]), torch.stack([mask for _, mask in pairs])))
    return Dataset(name, _classes(root, name, splits), *splits, task="segmentation")


def with_toybox_masks(toybox: Dataset) -> Dataset:
    """Toybox for segmentation: its cut-outs' masks, background first."""

    def masked(split: Split, folder: Path) -> Split:
        paths = [path for label in toybox.classes for path in sorted((folder / label).glob("*.png"))]
        size = split.images.shape[-1]
        masks = torch.stack([_cut(Image.open(path), size) for path in paths])
        return Split(split.images, masks * (split.labels + 1).to(torch.uint8)[:, None, None])

    train, test = (masked(getattr(toybox, part), TOYBOX / "masks" / part) for part in ("train", "test"))
    return replace(toybox, classes=("background", *toybox.classes), train=train, test=test, task="segmentation")


def _by_name(folder: Path, suffixes: set[str]) -> dict[str, Path]:
    """The files of a folder by their path in it, without the suffix."""
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and path.name[0] != ".":
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in files:
                raise ModelLockError(f"{folder.name}/ holds {files[name].name} and {path.name}; give each its own name")
            files[name] = path
    return files


def _read_pair(image_file: Path, mask_file: Path, size: int) -> tuple[Tensor, Tensor]:
    image = open_image(image_file, image_file.name)
    mask_name = f"masks/{mask_file.name}"
    try:
        mask = Image.open(mask_file)
        mask.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ModelLockError(f"{mask_name} can't be read ({error}); save it as a PNG again") from None
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
    return to_tensor(image, size), _cut(mask, size)


def _cut(mask: Image.Image, size: int) -> Tensor:
    """The centre square of a mask (size, size) uint8, values as they are."""
    grey = Image.fromarray(np.asarray(mask).astype(np.uint8))
    return torch.from_numpy(np.array(ImageOps.fit(grey, (size, size), Image.Resampling.NEAREST)))


def _classes(root: Path, name: str, splits: list[Split]) -> tuple[str, ...]:
    """Names of the classes, from the file or made up, after a look at the masks' values."""
    values = torch.cat([split.labels.unique() for split in splits]).unique().tolist()
    highest = max([value for value in values if value != IGNORE], default=0)
    file = root / CLASS_NAMES
    if file.exists():
        classes = tuple(line.strip() for line in file.read_text(errors="replace").splitlines() if line.strip())
        if highest >= len(classes):
            raise ModelLockError(
                f"{name}: a mask holds the value {highest}, but {CLASS_NAMES} names {len(classes)} classes "
                f"(0 to {len(classes) - 1}); name it there, or write {IGNORE} where a pixel doesn't count"
            )
    else:
        classes = ("background", *(f"class {i}" for i in range(1, highest + 1)))
    if len(classes) < 2 or highest < 1:
        raise ModelLockError(
            f"{name}: the masks hold no class but the background (0); write 1, 2 ... where the things are "
            f"({IGNORE} means that a pixel doesn't count)"
        )
    return classes
