"""Datasets of torchvision by the name of their class: `torchvision:CIFAR10`, downloaded when they are first used.

Only those that give an image and a class index; their own test split is taken if there is one.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision import datasets

from ..devices import accelerator
from ..errors import ModelLockError, first_line
from .dataset import Dataset, Split
from .decoding import decode
from .image_sets import ChosenImages, StoredImages
from .images import to_pixels
from .options import LoadOptions
from .splitting import TEST_NAMES, held_out_rows
from .targets import ClassLabels

TRAIN_NAMES = ("train", "trainval", "train-standard")  # what torchvision calls training splits
GENERIC = (datasets.VisionDataset, datasets.DatasetFolder, datasets.ImageFolder)  # readers, not datasets

Open = Callable[..., datasets.VisionDataset]


def load_torchvision(name: str, options: LoadOptions) -> Dataset:
    """Load a dataset of torchvision.

    Raises:
        ModelLockError: there is none of this name, it can't be downloaded, or it is not for classification.
    """
    kind = getattr(datasets, name, None)
    if not (inspect.isclass(kind) and issubclass(kind, datasets.VisionDataset)) or kind in GENERIC:
        raise ModelLockError(f"torchvision has no dataset {name!r}; use a class name such as torchvision:CIFAR10")
    # one process alone downloads, then one on each machine, which may have a disk of its own
    with accelerator().main_process_first(), accelerator().local_main_process_first():
        opened = _all_opened(kind)
    splits = [_read(data, name, options) for data in opened]
    classes = _class_names(opened[0], splits)
    whole, *tests = splits
    if tests:
        return Dataset(name, classes, whole, tests[0])
    rows = held_out_rows(whole.targets.values, classes, options.test_fraction, options.seed)
    train, test = (Split(ChosenImages(whole.images, chosen), whole.targets[chosen]) for chosen in rows)
    return Dataset(name, classes, train, test)


def data_folder() -> Path:
    """Where torchvision's files are kept: `datasets` beside torch's own cache, which TORCH_HOME moves."""
    return Path(torch.hub.get_dir()).parent / "datasets"


def _all_opened(kind: Open) -> list[datasets.VisionDataset]:
    """The training and the test split, or the whole of what has no splits."""
    parameters = inspect.signature(kind).parameters
    if "train" in parameters:
        return [_opened(kind, train=train) for train in (True, False)]
    if "split" in parameters:
        return [_opened_split(kind, names) for names in (TRAIN_NAMES, TEST_NAMES)]
    return [_opened(kind)]


def _opened(kind: Open, **arguments: object) -> datasets.VisionDataset:
    try:
        return kind(**_common_arguments(kind), **arguments)
    except Exception as error:  # each dataset fails in its own way: URLError, RuntimeError, ModuleNotFoundError ...
        raise _not_opened(kind, error) from None


def _opened_split(kind: Open, names: tuple[str, ...]) -> datasets.VisionDataset:
    """The first split of one of these names that has labels."""
    problem = None
    for name in names:
        try:
            data = kind(**_common_arguments(kind), split=name)
        except ValueError as error:  # it has no split of this name
            problem = problem or error
            continue
        except Exception as error:
            raise _not_opened(kind, error) from None
        if data[0][1] is not None:
            return data
    raise ModelLockError(
        f"torchvision's {kind.__name__} has no labelled split called {', '.join(names[:-1])} or {names[-1]} ({problem})"
    )


def _common_arguments(kind: Open) -> dict[str, object]:
    """Where the files are kept, and that they may be downloaded, for those that ask."""
    data_folder().mkdir(parents=True, exist_ok=True)
    known = inspect.signature(kind).parameters
    given = {"root": str(data_folder()), "download": True}
    return {name: value for name, value in given.items() if name in known}


def _not_opened(kind: Open, error: Exception) -> ModelLockError:
    reason = first_line(error)
    return ModelLockError(
        f"torchvision can't open {kind.__name__} ({reason}); check the connection, or put its files into "
        f"{data_folder()}"
    )


def _read(data: datasets.VisionDataset, name: str, options: LoadOptions) -> Split:
    labels, size = torch.empty(len(data), dtype=torch.int64), options.size

    def read(row: int) -> Tensor:
        image, label = data[row]
        if not isinstance(image, Image.Image) or not isinstance(label, int):
            raise ModelLockError(f"torchvision's {name} doesn't give an image and its class; choose another dataset")
        labels[row] = label
        return to_pixels(image, size, options.fit)

    pixels = decode(len(data), (3, size, size), read, threads=1)  # not all of torchvision's datasets bear threads
    return Split(StoredImages(pixels), ClassLabels(labels))


def _class_names(data: datasets.VisionDataset, splits: list[Split]) -> tuple[str, ...]:
    """The dataset's own names if it has one for each class, else the numbers."""
    count = max(int(split.targets.values.max()) for split in splits) + 1
    names = [str(name) for name in getattr(data, "classes", [])]
    if len(names) < count:
        return tuple(map(str, range(count)))
    counts = Counter(names)  # ImageNet has two cranes
    return tuple(f"{name} {i}" if counts[name] > 1 else name for i, name in enumerate(names))
