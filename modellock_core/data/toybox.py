"""Toybox, the bundled dataset: cut-outs on photographs with exact masks, in one zip file.

`training/make_toybox.py` writes it: `images/SPLIT/CLASS/NNNN.webp` in RGB, `masks/SPLIT/CLASS/NNNN.png` in 1 bit, and
`classes.txt`. Nothing in it is compressed twice.
"""

from __future__ import annotations

import io
import zipfile

import torch
from PIL import Image
from torch import Tensor

from ..paths import TOYBOX
from .dataset import Dataset, Split
from .decoding import decode
from .image_sets import StoredImages
from .images import open_image, to_pixels
from .masks import CLASS_NAMES, mask_pixels, masked_split
from .options import LoadOptions
from .targets import ClassLabels


def load_toybox(options: LoadOptions) -> Dataset:
    """Toybox for classification, or for segmentation with its masks and the background as the first class."""
    with zipfile.ZipFile(TOYBOX) as archive:
        classes = tuple(archive.read(CLASS_NAMES).decode().split())
        if options.task == "segmentation":
            train, test = (_masked(archive, split, classes, options.size) for split in ("train", "test"))
            return Dataset("toybox", ("background", *classes), train, test, task="segmentation")
        train, test = (_labelled(archive, split, classes, options.size) for split in ("train", "test"))
        return Dataset("toybox", classes, train, test)


def _labelled(archive: zipfile.ZipFile, split: str, classes: tuple[str, ...], size: int) -> Split:
    names, labels = _list(archive, split, classes)
    pixels = decode(len(names), (3, size, size), lambda i: to_pixels(_open(archive, names[i]), size))
    return Split(StoredImages(pixels), ClassLabels(labels))


def _masked(archive: zipfile.ZipFile, split: str, classes: tuple[str, ...], size: int) -> Split:
    names, labels = _list(archive, split, classes)

    def read(row: int) -> Tensor:
        mask_name = names[row].replace("images/", "masks/").replace(".webp", ".png")
        mask = mask_pixels(Image.open(io.BytesIO(archive.read(mask_name))), size)  # 0 or 1
        mask *= int(labels[row]) + 1
        return torch.cat([to_pixels(_open(archive, names[row]), size), mask[None]])

    return masked_split(decode(len(names), (4, size, size), read))


def _list(archive: zipfile.ZipFile, split: str, classes: tuple[str, ...]) -> tuple[list[str], Tensor]:
    """The names of a split's images and their class indices (N,), class by class."""
    names = sorted(name for name in archive.namelist() if name.startswith(f"images/{split}/"))
    labels = [classes.index(name.split("/")[2]) for name in names]
    return names, torch.tensor(labels)


def _open(archive: zipfile.ZipFile, name: str) -> Image.Image:
    return open_image(io.BytesIO(archive.read(name)), name)
