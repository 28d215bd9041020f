"""Datasets of the Hugging Face Hub, and local ones of the same form: `hub:OWNER/NAME`, `hub:NAME:CONFIG`, `hub:PATH`.

The image and the label column are found by their types. A test split is taken if there is one with labels.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import ModelLockError, first_line
from .dataset import Dataset, Split
from .decoding import decode
from .image_sets import ChosenImages, StoredImages
from .images import open_image, to_pixels
from .options import LoadOptions
from .splitting import TEST_NAMES, held_out_rows
from .targets import ClassLabels

if TYPE_CHECKING:
    import datasets

UNLABELLED = -1  # the Hub's class index of an image whose class is kept secret


def load_hub(name: str, options: LoadOptions) -> Dataset:
    """Load a dataset with the `datasets` library.

    Args:
        name: on the Hub, perhaps with a configuration after a colon; or the path of a Parquet file, of a folder of
            such, or of what `save_to_disk` wrote.

    Raises:
        ModelLockError: the library or the dataset is missing, or no column or several may hold the image or its class.
    """
    tables = _open(name)
    train_name = "train" if "train" in tables else next(iter(tables))
    if train_name != "train" and len(tables) > 1:
        raise ModelLockError(f"{name} has no split called train, only {', '.join(tables)}")
    table = tables[train_name]
    image_column = options.image_column or _image_column(table, name)
    label_column = options.label_column or _label_column(table, name)
    for column in (image_column, label_column):
        if column not in table.column_names:
            raise ModelLockError(f"{name} has no column {column!r}; it has {', '.join(table.column_names)}")
    classes, index = _classes(table, label_column, name)

    def read(split: str) -> Split:
        labels = _labels(tables[split], label_column, index, f"{name}/{split}")
        return Split(_images(tables[split], image_column, f"{name}/{split}", options), ClassLabels(labels))

    dataset_name = Path(name).stem if Path(name).is_file() else Path(name).name
    for test_name in (n for n in TEST_NAMES if n in tables and n != train_name):
        if not all(_is_missing(value) for value in tables[test_name][label_column]):
            return Dataset(dataset_name, classes, read(train_name), read(test_name))
    whole = read(train_name)
    rows = held_out_rows(whole.targets.values, classes, options.test_fraction, options.seed)
    train, test = (Split(ChosenImages(whole.images, chosen), whole.targets[chosen]) for chosen in rows)
    return Dataset(dataset_name, classes, train, test)


def _open(name: str) -> dict[str, datasets.Dataset]:
    """The tables of a dataset by the name of their split."""
    try:
        import datasets
    except ModuleNotFoundError:
        raise ModelLockError("hub: datasets need the library `datasets`; install it: pip install datasets") from None
    path = Path(name)
    try:
        if path.is_file():
            found = datasets.load_dataset("parquet", data_files=name)
        elif any((path / marker).is_file() for marker in ("dataset_dict.json", "state.json")):
            found = datasets.load_from_disk(name)
        elif path.is_dir():
            found = datasets.load_dataset(name)
        else:
            repository, _, config = name.partition(":")
            found = datasets.load_dataset(repository, config or None)
    except Exception as error:  # the library has no error of its own that all its failures share
        line = first_line(error)
        raise ModelLockError(
            f"the dataset hub:{name} can't be loaded ({line}); check its name and the connection"
        ) from None
    return {"train": found} if isinstance(found, datasets.Dataset) else dict(found)


def _image_column(table: datasets.Dataset, name: str) -> str:
    import datasets

    return _only(
        [column for column, kind in table.features.items() if isinstance(kind, datasets.Image)], "image", table, name
    )


def _label_column(table: datasets.Dataset, name: str) -> str:
    """The column of class labels; without one, the only one of strings or whole numbers."""
    import datasets

    labels = [column for column, kind in table.features.items() if isinstance(kind, datasets.ClassLabel)]
    return _only(labels or [c for c in table.column_names if _is_value(table, c)], "label", table, name)


def _only(columns: list[str], what: str, table: datasets.Dataset, name: str) -> str:
    if len(columns) != 1:
        found = f"{len(columns)} columns that may be the {what}" if columns else f"no {what} column"
        raise ModelLockError(
            f"{name} has {found}; name it as {what}_column, one of {', '.join(columns or table.column_names)}"
        )
    return columns[0]


def _is_value(table: datasets.Dataset, column: str) -> bool:
    """Whether a column holds strings or whole numbers, which may stand for classes."""
    kind = str(getattr(table.features[column], "dtype", ""))
    return kind in ("string", "large_string", "bool") or kind.startswith(("int", "uint"))


def _classes(table: datasets.Dataset, column: str, name: str) -> tuple[tuple[str, ...], dict[Any, int]]:
    """The names of the classes, and the class index of each value of the column."""
    import datasets

    feature = table.features[column]
    if isinstance(feature, datasets.ClassLabel):
        names, values = feature.names, list(range(len(feature.names)))
    elif _is_value(table, column):
        values = sorted({value for value in table[column] if not _is_missing(value)})
        names = list(map(str, values))
    else:
        raise ModelLockError(f"{name}: the column {column!r} holds no class; name one of strings or whole numbers")
    if len(names) < 2:
        raise ModelLockError(f"{name}: the column {column!r} names {len(names)} classes; at least 2 are needed")
    return tuple(names), {value: i for i, value in enumerate(values)}


def _is_missing(value: object) -> bool:
    return value is None or value == UNLABELLED


def _labels(table: datasets.Dataset, column: str, index: dict[Any, int], name: str) -> Tensor:
    """Class indices (N,) int64."""
    values = list(table[column])
    odd = [value for value in values if value not in index]
    if odd:
        raise ModelLockError(
            f"{name}: {len(odd)} of {len(values)} images have no class, or one that train lacks, such as {odd[0]!r}"
        )
    return torch.tensor([index[value] for value in values])


def _images(table: datasets.Dataset, column: str, name: str, options: LoadOptions) -> StoredImages:
    import datasets

    size = options.size
    try:
        files = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    except Exception as error:  # of Arrow, which can't take numbers or lists for images
        raise ModelLockError(f"{name}: the column {column!r} holds no images ({error}); name another") from None

    def read(row: int) -> Tensor:
        file, where = files[row][column], f"{name}, row {row}"
        if file is None:
            raise ModelLockError(f"{where} has no image; leave such rows out")
        source = io.BytesIO(file["bytes"]) if file["bytes"] is not None else file["path"]
        return to_pixels(open_image(source, where), size, options.fit)

    return StoredImages(decode(len(files), (3, size, size), read))
