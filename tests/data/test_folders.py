from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from modellock_core import ModelLockError, load_dataset
from modellock_core.data import decoding
from modellock_core.data.image_sets import ImageSet


def everything(images: ImageSet) -> torch.Tensor:
    return images[torch.arange(len(images))]


def test_a_folder_is_split_by_seed(image_folder):
    folder = image_folder({"cat": 8, "dog": 12})
    one, again, other = (load_dataset(folder, size=32, seed=s) for s in (0, 0, 1))
    assert one.classes == ("cat", "dog") and one.image_size == 32
    assert (len(one.train), len(one.test)) == (15, 5)
    assert one.test.targets.values.bincount().tolist() == [2, 3]
    assert torch.equal(everything(one.test.images), everything(again.test.images))
    assert not torch.equal(everything(one.test.images), everything(other.test.images))
    pixels = everything(one.train.images).flatten(1)
    assert all((pixels != image.flatten()).any(1).all() for image in everything(one.test.images))


def test_the_test_fraction_is_held_out_of_every_class(image_folder):
    dataset = load_dataset(image_folder({"cat": 10, "dog": 4}), size=32, test_fraction=0.5)
    assert dataset.test.targets.values.bincount().tolist() == [5, 2]


@pytest.mark.parametrize("test_name", ["test", "val"])
def test_train_and_test_folders_are_taken_as_they_are(image_folder, test_name):
    image_folder({"cat": 3, "dog": 3}, "data/train")
    image_folder({"cat": 1, "dog": 2}, f"data/{test_name}")
    dataset = load_dataset(image_folder({}), size=32)
    assert (len(dataset.train), len(dataset.test)) == (6, 3)


def test_a_folder_around_the_folder_is_stepped_into(image_folder):
    image_folder({"cat": 2, "dog": 2}, "data/inner")
    assert load_dataset(image_folder({}), size=32).classes == ("cat", "dog")


def test_images_of_any_mode_and_shape_are_read(image_folder):
    folder = image_folder({"cat": 2, "dog": 2})
    Image.new("CMYK", (50, 50), (10, 20, 30, 40)).save(folder / "cat" / "print.jpg")
    Image.new("RGB", (1, 500), "red").save(folder / "dog" / "thin.png")
    Image.fromarray(np.arange(900, dtype=np.uint16).reshape(30, 30) * 70).save(folder / "dog" / "deep.png")
    dataset = load_dataset(folder, size=32)
    assert len(dataset.train) + len(dataset.test) == 7 and dataset.train.images.shape == (3, 32, 32)


def test_images_on_disk_and_other_thread_counts_give_the_same_pixels(image_folder, monkeypatch):
    folder = image_folder({"cat": 70, "dog": 30})
    in_memory = everything(load_dataset(folder, size=16).train.images)
    monkeypatch.setattr(decoding, "MAX_IN_MEMORY", 1000)
    monkeypatch.setattr(decoding, "THREADS", 1)
    on_disk = load_dataset(folder, size=16).train.images
    assert torch.equal(everything(on_disk), in_memory)
    assert torch.equal(on_disk[torch.tensor([60, 3])], in_memory[[60, 3]])


def test_a_full_disk_is_named(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_IN_MEMORY", 0)
    monkeypatch.setattr(decoding.tempfile, "TemporaryFile", partial(open, "/dev/full", "r+b", buffering=0))
    with pytest.raises(ModelLockError, match=r"decoded images need .* \(No space left on device\); free space"):
        decoding.decode(2, (3, 4, 4), lambda row: torch.zeros(3, 4, 4, dtype=torch.uint8))


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


def test_a_train_folder_without_a_test_folder_is_refused(image_folder):
    image_folder({"cat": 2, "dog": 2}, "data/train")
    image_folder({"other": 1})
    with pytest.raises(ModelLockError, match="no test folder beside it"):
        load_dataset(image_folder({}), size=32)
