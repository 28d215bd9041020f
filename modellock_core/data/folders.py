"""Datasets for classification: a folder with one folder of images per class, perhaps below `train/` and `test/`."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..errors import ModelLockError
from .class_names import check_class_names
from .dataset import Dataset, Split
from .decoding import decode
from .image_sets import StoredImages
from .images import IMAGE_SUFFIXES, open_image, to_pixels
from .options import LoadOptions
from .splitting import TEST_NAMES, held_out_per_class
from .targets import ClassLabels

SAMPLES = 5  # names in an error


def load_class_folders(root: Path, name: str, options: LoadOptions) -> Dataset:
    """Read a folder of class folders; without a test folder, a fraction of every class is held out.

    Raises:
        ModelLockError: fewer than two classes, a class with too few images, different classes in train and test, or a
            damaged image.
    """
    if (root / "train").is_dir():
        train, test = _list_splits(root, name)
    else:
        train, test = held_out_per_class(list_classes(root, name), options.test_fraction, options.seed)
    return Dataset(name, tuple(sorted(train)), _read(train, options), _read(test, options))


def list_classes(root: Path, name: str) -> dict[str, list[Path]]:
    """The image files of each class, sorted; folders without images are left out.

    Raises:
        ModelLockError: fewer than two classes have images.
    """
    folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith((".", "__")))
    classes = {
        folder.name: sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.name[0] != ".")
        for folder in folders
    }
    classes = {label: paths for label, paths in classes.items() if paths}
    check_class_names(sorted(classes))
    if len(classes) < 2:
        raise ModelLockError(
            f"{name} holds {len(classes)} class folders with images; at least 2 are needed "
            "(one folder per class, JPEG, PNG or WebP inside)"
        )
    return classes


def _list_splits(root: Path, name: str) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    tests = [root / n for n in TEST_NAMES if (root / n).is_dir()]
    if not tests:
        raise ModelLockError(
            f"{name} has a train folder but no test folder beside it; add {' or '.join(TEST_NAMES[:2])}"
        )
    train = list_classes(root / "train", f"{name}/train")
    test = list_classes(tests[0], f"{name}/{tests[0].name}")
    if set(train) != set(test):
        odd = sorted(set(train) ^ set(test))
        raise ModelLockError(f"train and {tests[0].name} hold different classes: {', '.join(odd[:SAMPLES])}")
    return train, test


def _read(files: dict[str, list[Path]], options: LoadOptions) -> Split:
    paths = [path for label in sorted(files) for path in files[label]]
    size = options.size
    labels = [i for i, label in enumerate(sorted(files)) for _ in files[label]]

    def read(row: int) -> Tensor:
        path = paths[row]
        return to_pixels(open_image(path, f"{path.parent.name}/{path.name}"), size, options.fit)

    pixels = decode(len(paths), (3, size, size), read)
    return Split(StoredImages(pixels), ClassLabels(torch.tensor(labels)))
