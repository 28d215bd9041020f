import torch

from modellock_core import load_dataset
from modellock_core.data.dataset import Split
from modellock_core.data.image_sets import ChosenImages, StoredImages, batches
from modellock_core.data.targets import ClassLabels


def test_a_subset_takes_every_class_evenly(toybox):
    subset = toybox.train.subset(len(toybox.classes) * 2)
    assert subset.targets.values.bincount().tolist() == [2] * len(toybox.classes)


def test_a_subset_of_masks_is_drawn_evenly_over_the_things():
    split = load_dataset("toybox", task="segmentation", size=32).test.subset(18)
    assert split.targets.strata().bincount().tolist() == [0] + [2] * 9


def test_a_subset_of_unequal_classes_takes_all_of_the_rare_one():
    labels = torch.tensor([0] * 20 + [1] * 3)
    split = Split(StoredImages(torch.zeros(23, 3, 4, 4, dtype=torch.uint8)), ClassLabels(labels))
    assert split.subset(10).targets.values.bincount().tolist() == [7, 3]


def test_images_stay_with_their_labels():
    labels = torch.arange(40) % 4
    pixels = labels.to(torch.uint8)[:, None, None, None].expand(40, 3, 2, 2) * 50
    subset = Split(StoredImages(pixels), ClassLabels(labels)).subset(13)
    assert torch.equal((subset.images[:][:, 0, 0, 0] * 255 / 50).round().long(), subset.targets.values)


def test_a_subset_is_drawn_by_its_seed(small):
    rows = [small.train.subset(9, seed).images[:] for seed in (0, 0, 1)]
    assert torch.equal(rows[0], rows[1]) and not torch.equal(rows[0], rows[2])


def test_a_subset_larger_than_the_split_is_the_split(small):
    assert small.train.subset(10_000) is small.train


def test_a_dataset_is_limited_in_each_split(small):
    limited = small.limited(train=18, test=9)
    assert (len(limited.train), len(limited.test)) == (18, 9) and small.limited().train is small.train


def test_batches_are_all_images_in_order():
    images = StoredImages(torch.arange(7, dtype=torch.uint8)[:, None, None, None].repeat(1, 3, 2, 2))
    chosen = ChosenImages(images, torch.tensor([6, 0, 3, 3, 5]))
    parts = list(batches(chosen, 2))
    assert [len(part) for part in parts] == [2, 2, 1]
    assert torch.equal(torch.cat(parts), images[:][[6, 0, 3, 3, 5]])
    assert list(batches(ChosenImages(images, torch.empty(0, dtype=torch.long)), 2)) == []
