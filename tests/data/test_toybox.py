import zipfile

import pytest
import torch
import torch.nn.functional as F

from modellock_core import load_dataset
from modellock_core.data.toybox_samples import toybox_samples
from modellock_core.paths import TOYBOX


def test_toybox_is_balanced_and_its_splits_share_no_image(toybox):
    assert len(toybox.classes) == 9 and (len(toybox.train), len(toybox.test)) == (1008, 396)
    for split in (toybox.train, toybox.test):
        assert len(split.targets.values.bincount().unique()) == 1
        images = split.images[:10]
        assert images.dtype == torch.float32 and images.min() >= 0 and 0.5 < images.max() <= 1
    small = [F.adaptive_avg_pool2d(s.images[:], 8).flatten(1) for s in (toybox.train, toybox.test)]
    assert torch.cdist(small[1], small[0]).min() > 0.1


def test_toybox_has_a_mask_for_every_image(toybox):
    masked = load_dataset("toybox", task="segmentation")
    assert masked.classes == ("background", *toybox.classes) and masked.task == "segmentation"
    for split, plain in ((masked.train, toybox.train), (masked.test, toybox.test)):
        assert torch.equal(split.images[:], plain.images[:]) and split.targets.values.shape == (len(plain), 128, 128)
        assert torch.equal(split.targets.strata(), plain.targets.values + 1)


def test_toybox_comes_at_any_size():
    dataset = load_dataset("toybox", size=48)
    assert dataset.image_size == 48 and dataset.test.images[:2].shape == (2, 3, 48, 48)


@pytest.mark.parametrize("count", [1, 3])
def test_samples_are_test_images_of_every_class(toybox, count):
    samples = toybox_samples(count)
    assert [label for label, _ in samples] == [label for label in toybox.classes for _ in range(count)]
    assert all(image.mode == "RGB" and image.size == (128, 128) for _, image in samples)


def test_toybox_is_one_file_that_git_takes_without_lfs():
    assert TOYBOX.stat().st_size < 10 * 2**20
    with zipfile.ZipFile(TOYBOX) as archive:
        assert archive.testzip() is None
