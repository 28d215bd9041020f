import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from modellock_core import ModelLockError, load_dataset


def test_toybox_is_balanced_and_its_splits_share_no_image(toybox):
    assert 8 <= len(toybox.classes) <= 10
    assert 950 <= len(toybox.train) <= 1050 and 380 <= len(toybox.test) <= 420
    for split in (toybox.train, toybox.test):
        assert len(split.labels.bincount().unique()) == 1
        assert split.images.dtype == torch.float32 and split.images.min() >= 0 and split.images.max() <= 1
    small = [torch.nn.functional.adaptive_avg_pool2d(s.images, 8).flatten(1) for s in (toybox.train, toybox.test)]
    assert torch.cdist(small[1], small[0]).min() > 0.1


def test_a_folder_is_split_by_seed(image_folder):
    folder = image_folder({"cat": 8, "dog": 12})
    one, again, other = (load_dataset(folder, size=32, seed=s) for s in (0, 0, 1))
    assert one.classes == ("cat", "dog")
    assert (len(one.train), len(one.test)) == (15, 5)
    assert torch.equal(one.test.images, again.test.images)
    assert not torch.equal(one.test.images, other.test.images)
    pixels = one.train.images.flatten(1)
    assert all((pixels != t.flatten()).any(1).all() for t in one.test.images)


@pytest.mark.parametrize("test_name", ["test", "val"])
def test_train_and_test_folders_are_taken_as_they_are(image_folder, test_name):
    image_folder({"cat": 3, "dog": 3}, "data/train")
    image_folder({"cat": 1, "dog": 2}, f"data/{test_name}")
    dataset = load_dataset(image_folder({}), size=32)
    assert (len(dataset.train), len(dataset.test)) == (6, 3)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_zip_is_a_folder(image_folder, tmp_path, wrapped):
    folder = image_folder({"cat": 3, "dog": 3}, suffix=".webp")
    root = {"root_dir": tmp_path, "base_dir": "data"} if wrapped else {"root_dir": folder}
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", **root)
    assert load_dataset(archive, size=32).classes == ("cat", "dog")


def save_as(mode: str, path):
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 4), dtype=np.uint8)
    if mode == "I;16":
        Image.fromarray(pixels[..., 0].astype(np.uint16) * 256).save(path)
    else:
        Image.fromarray(pixels).convert("RGB").convert(mode).save(path)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16"])
def test_any_mode_is_read(image_folder, mode):
    folder = image_folder({"cat": 2, "dog": 2})
    save_as(mode, folder / "cat" / "odd.png")
    images = load_dataset(folder, size=32).train.images
    assert images.shape[1:] == (3, 32, 32) and images.std() > 0.05


def test_cmyk_jpegs_and_odd_shapes_are_read(image_folder):
    folder = image_folder({"cat": 2, "dog": 2})
    Image.new("CMYK", (50, 50), (10, 20, 30, 40)).save(folder / "cat" / "print.jpg")
    Image.new("RGB", (1, 500), "red").save(folder / "dog" / "thin.png")
    assert len(load_dataset(folder, size=32).train) > 0


def test_a_damaged_image_is_named(image_folder):
    folder = image_folder({"cat": 2, "dog": 2})
    (folder / "cat" / "broken.png").write_bytes(b"no image at all")
    with pytest.raises(ModelLockError, match=r"cat/broken\.png can't be read"):
        load_dataset(folder, size=32)


@pytest.mark.parametrize(
    ("counts", "message"),
    [({"cat": 3}, "at least 2"), ({}, "at least 2"), ({"cat": 3, "dog": 1}, "'dog' has 1 image")],
)
def test_too_little_data_is_refused(image_folder, tmp_path, counts, message):
    (tmp_path / "data").mkdir()
    with pytest.raises(ModelLockError, match=message):
        load_dataset(image_folder(counts), size=32)


def test_different_classes_in_train_and_test_are_named(image_folder):
    image_folder({"cat": 2, "dog": 2}, "data/train")
    image_folder({"cat": 2, "cow": 2}, "data/test")
    with pytest.raises(ModelLockError, match="different classes: cow, dog"):
        load_dataset(image_folder({}), size=32)


def test_what_is_no_dataset_is_refused(tmp_path):
    (tmp_path / "notes.zip").write_text("no zip")
    with pytest.raises(ModelLockError, match="neither a folder nor a zip"):
        load_dataset(tmp_path / "notes.zip")
    with pytest.raises(ModelLockError, match="there is no dataset"):
        load_dataset(tmp_path / "missing")


def test_a_truncated_zip_is_refused(image_folder, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "mine"), "zip", image_folder({"cat": 2, "dog": 2})))
    content = bytearray(archive.read_bytes())
    content[60:900] = bytes(840)  # the directory at the end is whole, the images are not
    archive.write_bytes(content)
    with pytest.raises(ModelLockError, match=r"mine\.zip can't be unpacked"):
        load_dataset(archive)


def test_an_empty_zip_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w"):
        pass
    with pytest.raises(ModelLockError, match=r"^mine holds 0 class folders"):
        load_dataset(tmp_path / "mine.zip")


def test_a_zip_writes_nothing_outside_its_folder(image_folder, tmp_path):
    folder = image_folder({"cat": 2, "dog": 2})
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
        archive.write(folder / "cat" / "0.png", "../../escaped.png")
    load_dataset(tmp_path / "evil.zip", size=32)
    assert not (tmp_path.parent / "escaped.png").exists() and not (tmp_path / "escaped.png").exists()


def test_a_subset_takes_every_class(toybox):
    subset = toybox.train.subset(len(toybox.classes) * 2)
    assert subset.labels.bincount().tolist() == [2] * len(toybox.classes)
