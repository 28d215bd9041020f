"""Datasets as one type: the bundled Toybox, or a user's folder or zip with one folder of images per class.

Folders of images and masks are read in `mask_folders.py`.

Start of the pipe: `locking.lock` takes a `Dataset`.
"""

from __future__ import annotations

import random
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from .errors import ModelLockError
from .images import IMAGE_SUFFIXES, open_image, to_tensor
from .paths import TOYBOX

IMAGE_SIZE = 128
MAX_UNZIPPED = 2 * 2**30  # bytes
IGNORE = 255  # in a mask: a pixel that doesn't count, as in Pascal VOC
CLASS_NAMES = "classes.txt"
TEST_NAMES = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class Split:
    """Images (N, 3, H, W) float32 in [0, 1], and what is to be found in them.

    Attributes:
        labels: class indices (N,) int64; for segmentation masks (N, H, W) uint8 of class indices.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, count: int, seed: int = 0) -> Split:
        """At most `count` samples, drawn evenly over the classes; a mask counts as what it holds most of."""
        if count >= len(self):
            return self
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        labels = self.strata()[order]
        # rank of each sample within its class; the lowest ranks of every class come first
        rank = torch.empty_like(labels)
        for label in labels.unique():
            members = labels == label
            rank[members] = torch.arange(int(members.sum()))
        chosen = order[rank.argsort(stable=True)[:count]].sort().values
        return Split(self.images[chosen], self.labels[chosen])

    def strata(self) -> Tensor:
        """A class index for each sample (N,), of a mask the most common one but the background."""
        if self.labels.dim() == 1:
            return self.labels
        things = [mask[(mask > 0) & (mask < IGNORE)].long().bincount(minlength=1) for mask in self.labels]
        return torch.stack([counts.argmax() for counts in things])


@dataclass(frozen=True)
class Dataset:
    """A labelled dataset in memory: name, class names, train and test split, and the task it is for."""

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    task: str = "classification"

    def limited(self, train: int | None = None, test: int | None = None, seed: int = 0) -> Dataset:
        """The same dataset with at most so many samples in each split."""
        return replace(
            self,
            train=self.train.subset(train, seed) if train else self.train,
            test=self.test.subset(test, seed) if test else self.test,
        )


def load_dataset(
    source: str | Path = "toybox", *, task: str = "classification", size: int = IMAGE_SIZE, seed: int = 0,
    test_part: float = 0.25,
) -> Dataset:  # fmt: skip
    """Load a dataset.

    Args:
        source: "toybox"; or a folder or zip file that holds one folder of images per class, or `train/` and `test/`
            with those. Without a test folder, `test_part` of every class is held out, chosen by `seed`. For
            segmentation, see `mask_folders.py`.
        task: "classification" or "segmentation".
        size: side in px; images are cropped to their centre square and resized.

    Raises:
        ModelLockError: nothing there, fewer than two classes, a class with too few images, a damaged image, or masks
            that don't fit.
    """
    from .mask_folders import load_masked_folder, with_toybox_masks

    if str(source) == "toybox":
        toybox = _load_split_folder(TOYBOX / "images", "toybox", size)
        return with_toybox_masks(toybox) if task == "segmentation" else toybox
    load = load_masked_folder if task == "segmentation" else _load_folder
    read = partial(load, size=size, seed=seed, test_part=test_part)
    if not str(source).strip():
        raise ModelLockError("no dataset is named; use toybox, or the path of a folder or zip file")
    source = Path(source)
    if source.is_dir():
        return read(_unwrap(source), source.name)
    if source.is_file() and zipfile.is_zipfile(source):
        with tempfile.TemporaryDirectory() as folder:
            _unzip(source, Path(folder))
            return read(_unwrap(Path(folder)), source.stem)
    if source.exists():
        wanted = "images/ and masks/" if task == "segmentation" else "one folder of images per class"
        raise ModelLockError(f"{source} is neither a folder nor a zip file; give one that holds {wanted}")
    raise ModelLockError(f"there is no dataset {str(source)!r}; use toybox, or the path of a folder or zip file")


def _load_folder(root: Path, name: str, size: int, seed: int, test_part: float) -> Dataset:
    if (root / "train").is_dir():
        return _load_split_folder(root, name, size)
    files = _list_classes(root, name)
    train, test = {}, {}
    for label, paths in files.items():
        if len(paths) < 2:
            raise ModelLockError(f"class {label!r} has {len(paths)} image; at least 2 are needed, to train and to test")
        train[label], test[label] = held_out(paths, test_part, f"{seed}-{label}")
    return _decode(name, train, test, size)


def held_out(files: list, part: float, seed: str) -> tuple[list, list]:
    """Files to train on and files to test on, at least one of each, drawn by the seed."""
    shuffled = random.Random(seed).sample(files, len(files))
    count = min(len(files) - 1, max(1, round(len(files) * part)))
    return sorted(shuffled[count:]), sorted(shuffled[:count])


def _load_split_folder(root: Path, name: str, size: int) -> Dataset:
    tests = [root / n for n in TEST_NAMES if (root / n).is_dir()]
    if not tests:
        raise ModelLockError(f"{name} has a train folder but no test folder beside it")
    train = _list_classes(root / "train", f"{name}/train")
    test = _list_classes(tests[0], f"{name}/{tests[0].name}")
    if set(train) != set(test):
        odd = sorted(set(train) ^ set(test))
        raise ModelLockError(f"train and {tests[0].name} hold different classes: {', '.join(odd[:5])}")
    return _decode(name, train, test, size)


def _list_classes(root: Path, name: str) -> dict[str, list[Path]]:
    folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith((".", "__")))
    classes = {
        folder.name: sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.name[0] != ".")
        for folder in folders
    }
    classes = {label: paths for label, paths in classes.items() if paths}
    if len(classes) < 2:
        raise ModelLockError(
            f"{name} holds {len(classes)} class folders with images; at least 2 are needed "
            "(one folder per class, JPEG, PNG or WebP inside)"
        )
    return classes


def _decode(name: str, train: dict[str, list[Path]], test: dict[str, list[Path]], size: int) -> Dataset:
    classes = tuple(sorted(train))
    read: Callable[[Path], Tensor] = partial(_read, size=size)
    splits = []
    with ThreadPoolExecutor(2) as pool:
        for files in (train, test):
            paths = [path for c in classes for path in files[c]]
            images = torch.empty(len(paths), 3, size, size)
            for i, image in enumerate(pool.map(read, paths)):
                images[i] = image[0]
            splits.append(Split(images, torch.tensor([i for i, c in enumerate(classes) for _ in files[c]])))
    return Dataset(name, classes, *splits)


def _read(path: Path, size: int) -> Tensor:
    return to_tensor(open_image(path, f"{path.parent.name}/{path.name}"), size)


def _unwrap(root: Path) -> Path:
    """Step into folders that hold nothing but one folder, as zips of a folder do."""
    while True:
        entries = [e for e in root.iterdir() if not e.name.startswith((".", "__MACOSX"))]
        if len(entries) != 1 or not entries[0].is_dir():
            return root
        if any(p.suffix.lower() in IMAGE_SUFFIXES for p in entries[0].iterdir()):
            return root  # one class, not a wrapping folder
        root = entries[0]


def _wanted(member: PurePosixPath) -> bool:
    return member.suffix.lower() in IMAGE_SUFFIXES or member.name == CLASS_NAMES


def _unzip(file: Path, out: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if _wanted(PurePosixPath(m.filename))]
            if sum(m.file_size for m in members) > MAX_UNZIPPED:
                raise ModelLockError(f"{file.name} unpacks to over 2 GiB; give a smaller dataset, or a folder")
            archive.extractall(out, members)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError) as error:
        raise ModelLockError(
            f"{file.name} can't be unpacked ({error}); make the zip anew, without a password"
        ) from None
