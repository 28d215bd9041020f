import io
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from modellock_core import ModelLockError, load_dataset
from modellock_core.data import sources
from modellock_core.data.torchvision_source import load_torchvision


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The `datasets` library, its cache in a folder of the test."""
    library = pytest.importorskip("datasets")
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    library.disable_progress_bars()
    return library


def pictures(count: int) -> list[dict[str, object]]:
    """Images as Parquet holds them; the red of each says its row."""
    files = []
    for row in range(count):
        file = io.BytesIO()
        Image.new("RGB", (24, 20), (row, 90, 0)).save(file, "PNG")
        files.append({"bytes": file.getvalue(), "path": None})
    return files


def table(hub, labels, feature=None, **more):
    features = hub.Features({"picture": hub.Image(), "kind": feature or hub.Value("string")} | more)
    columns = {"picture": pictures(len(labels)), "kind": labels} | {name: list(range(len(labels))) for name in more}
    return hub.Dataset.from_dict(columns, features)


def rows_of(split) -> list[int]:
    return (split.images[:][:, 0, 0, 0] * 255).round().int().tolist()


def test_a_parquet_file_is_a_dataset_and_its_class_names_are_kept(hub, tmp_path):
    labels = hub.ClassLabel(names=["zebra", "apple"])
    table(hub, [0, 1, 1, 0, 0, 1, 0, 1], labels, index=hub.Value("int64")).to_parquet(tmp_path / "mine.parquet")
    dataset = load_dataset(f"hub:{tmp_path}/mine.parquet", size=16)
    assert dataset.classes == ("zebra", "apple") and dataset.name == "mine"
    assert (len(dataset.train), len(dataset.test)) == (6, 2)
    truth = torch.tensor([0, 1, 1, 0, 0, 1, 0, 1])
    for split in (dataset.train, dataset.test):
        assert torch.equal(split.targets.values, truth[rows_of(split)])
    assert sorted(rows_of(dataset.train) + rows_of(dataset.test)) == list(range(8))


def test_a_folder_of_parquet_files_has_their_splits(hub, tmp_path):
    for split, labels in (("train", ["b", "a", "b"]), ("validation", ["a", "b"])):
        (tmp_path / "mine").mkdir(exist_ok=True)
        table(hub, labels).to_parquet(tmp_path / "mine" / f"{split}-00000-of-00001.parquet")
    dataset = load_dataset(f"hub:{tmp_path}/mine", size=16)
    assert dataset.classes == ("a", "b") and dataset.name == "mine"
    assert dataset.train.targets.values.tolist() == [1, 0, 1] and dataset.test.targets.values.tolist() == [0, 1]


def test_what_save_to_disk_wrote_is_read_and_a_secret_test_split_is_passed_over(hub, tmp_path):
    labels = hub.ClassLabel(names=["x", "y"])
    splits = {"train": table(hub, [0, 1, 0], labels), "test": table(hub, [-1, -1], labels)}
    splits["validation"] = table(hub, [1], labels)
    hub.DatasetDict(splits).save_to_disk(tmp_path / "mine")
    dataset = load_dataset(f"hub:{tmp_path}/mine", size=16)
    assert dataset.test.targets.values.tolist() == [1]


def test_columns_are_found_by_type_or_by_name(hub, tmp_path):
    file = tmp_path / "mine.parquet"
    numbers = table(hub, [3, 7, 3, 7], hub.Value("int32"), index=hub.Value("int64"))
    numbers.to_parquet(file)
    with pytest.raises(ModelLockError, match=r"2 columns that may be the label; name it as label_column.* kind, index"):
        load_dataset(f"hub:{file}", size=16)
    assert load_dataset(f"hub:{file}", size=16, label_column="kind").classes == ("3", "7")
    with pytest.raises(ModelLockError, match="has no column 'sort'; it has picture, kind, index"):
        load_dataset(f"hub:{file}", size=16, label_column="sort")
    with pytest.raises(ModelLockError, match="column 'index' holds no images"):
        load_dataset(f"hub:{file}", size=16, label_column="kind", image_column="index")
    numbers.remove_columns("picture").to_parquet(file)
    with pytest.raises(ModelLockError, match="has no image column; name it as image_column"):
        load_dataset(f"hub:{file}", size=16)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (["a", "b", None], ["a"], "train: 1 of 3 images have no class"),
        (["a", "b"], ["c"], "test: 1 of 1 images have no class, or one that train lacks, such as 'c'"),
        (["a", "a"], ["a"], "names 1 classes; at least 2"),
    ],
)
def test_labels_that_do_not_fit_are_named(hub, tmp_path, train, test, message):
    hub.DatasetDict(train=table(hub, train), test=table(hub, test)).save_to_disk(tmp_path / "mine")
    with pytest.raises(ModelLockError, match=message):
        load_dataset(f"hub:{tmp_path}/mine", size=16)


def test_a_damaged_image_of_a_table_is_named_by_its_row(hub, tmp_path):
    files = [*pictures(3), {"bytes": b"no image", "path": None}]
    features = hub.Features({"image": hub.Image(), "label": hub.Value("string")})
    damaged = hub.Dataset.from_dict({"image": files, "label": ["a", "b", "a", "b"]}, features)
    damaged.to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(ModelLockError, match=r"mine\.parquet/train, row 3 can't be read as an image"):
        load_dataset(f"hub:{tmp_path}/mine.parquet", size=16)


def test_a_missing_library_and_a_missing_dataset_are_named(hub, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelLockError, match=r"can't be loaded .*; check its name and the connection"):
        load_dataset(f"hub:{tmp_path}/empty")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ModelLockError, match="install it: pip install datasets"):
        load_dataset("hub:any/name")


@pytest.fixture
def fake_data(monkeypatch, tmp_path):
    """torchvision's FakeData, small."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    fake = torchvision.datasets.FakeData
    monkeypatch.setattr(fake.__init__, "__defaults__", (40, (3, 20, 24), 3, *fake.__init__.__defaults__[3:]))


def test_a_torchvision_dataset_without_a_test_split_is_split_by_class(fake_data):
    dataset, again = (load_dataset("torchvision:FakeData", size=16) for _ in range(2))
    assert dataset.classes == ("0", "1", "2") and dataset.name == "FakeData"
    assert len(dataset.train) + len(dataset.test) == 40 and len(dataset.test.targets.values.unique()) == 3
    assert torch.equal(dataset.test.images[:], again.test.images[:])


class Digits(torchvision.datasets.VisionDataset):
    """Split by `train=`, as CIFAR-10 is."""

    classes = ("zero", "one")

    def __init__(self, root: str, train: bool = True, download: bool = False):
        self.count = 6 if train else 2
        if not download:
            raise RuntimeError("Dataset not found")

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> tuple[object, object]:
        return Image.fromarray(np.full((8, 8), row * 20, np.uint8)), row % 2


class Pets(Digits):
    """Split by `split=`, under names of its own; the labels of one are secret."""

    def __init__(self, root: str, split: str = "trainval", download: bool = False):
        if split not in ("trainval", "test", "val"):
            raise ValueError(f"Unknown value {split!r} for argument split")
        super().__init__(root, split == "trainval", download)
        self.secret = split == "test"

    def __getitem__(self, row: int) -> tuple[object, object]:
        image, label = super().__getitem__(row)
        return image, None if self.secret else label


class Boxes(Digits):
    def __getitem__(self, row: int) -> tuple[object, object]:
        return super().__getitem__(row)[0], {"boxes": []}


class Offline(Digits):
    def __init__(self, root: str, train: bool = True, download: bool = False):
        raise RuntimeError("no route to host\nmore lines")


@pytest.fixture
def own(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for kind in (Digits, Pets, Boxes, Offline):
        monkeypatch.setattr(torchvision.datasets, kind.__name__, kind, raising=False)


@pytest.mark.parametrize("name", ["Digits", "Pets"])
def test_a_torchvision_datasets_own_splits_are_taken(own, name):
    dataset = load_dataset(f"torchvision:{name}", size=16)
    assert dataset.classes == ("zero", "one") and (len(dataset.train), len(dataset.test)) == (6, 2)
    assert dataset.train.targets.values.tolist() == [0, 1, 0, 1, 0, 1]
    assert torch.allclose(dataset.train.images[:].mean((1, 2, 3)), torch.arange(6) * 20 / 255)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nothing", "has no dataset 'Nothing'; use a class name such as torchvision:CIFAR10"),
        ("ImageFolder", "has no dataset 'ImageFolder'"),
        ("Boxes", "doesn't give an image and its class"),
        ("Offline", r"can't open Offline \(no route to host\); check the connection"),
    ],
)
def test_a_torchvision_dataset_that_can_not_be_used_is_refused(own, name, message):
    with pytest.raises(ModelLockError, match=message):
        load_dataset(f"torchvision:{name}", size=16)


def test_what_is_no_dataset_is_refused(tmp_path):
    (tmp_path / "notes.zip").write_text("no zip")
    with pytest.raises(ModelLockError, match="neither a folder nor a zip"):
        load_dataset(tmp_path / "notes.zip")
    every_source = "use toybox, torchvision:NAME, hub:NAME, coco:FOLDER, or the path of a folder or zip file"
    for name in (tmp_path / "missing", "toybox2", "timm:cifar10"):
        with pytest.raises(ModelLockError, match=f"there is no dataset .*; {every_source}"):
            load_dataset(name)
    with pytest.raises(ModelLockError, match="no dataset is named"):
        load_dataset(" ")


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("toybox", {"task": "detection"}, "no task 'detection'; use classification or segmentation"),
        ("hub:any/name", {"task": "segmentation"}, "hub:any/name has no masks for segmentation; use toybox"),
        ("torchvision:FakeData", {"task": "segmentation"}, "has no masks for segmentation"),
        ("toybox", {"label_column": "label"}, "toybox has no columns to choose from"),
        ("toybox", {"size": 0}, "must lie between 1 and 1024"),
        ("toybox", {"size": 1025}, "must lie between 1 and 1024"),
        ("toybox", {"size": 100, "task": "segmentation"}, "must be a multiple of 32"),
        ("toybox", {"test_fraction": 1.0}, "must lie between 0 and 1"),
    ],
)
def test_an_option_that_can_not_be_honoured_is_refused(source, options, message):
    with pytest.raises(ModelLockError, match=message):
        load_dataset(source, **options)


def test_a_new_source_is_one_entry(own, monkeypatch):
    monkeypatch.setitem(sources.SOURCES, "mine:", replace(sources.SOURCES["torchvision:"], usage="mine:NAME"))
    assert load_dataset("mine:Digits", size=16).name == load_torchvision("Digits", sources.LoadOptions(size=16)).name
