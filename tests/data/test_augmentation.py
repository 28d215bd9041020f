from dataclasses import replace

import pytest
import torch

from modellock_core import load_dataset
from modellock_core.data.augmentation import augmented, crop_boxes
from modellock_core.data.dataset import Split
from modellock_core.data.image_sets import StoredImages
from modellock_core.data.targets import ClassLabels, Masks


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def split(small):
    return small.train.subset(6)


def test_copies_are_altered_images_with_the_same_labels(split):
    result = augmented(split, 2, generator())
    images = result.images[:]
    assert images.shape == (18, *split.images.shape) and len(result) == 18
    assert torch.equal(result.targets.values, split.targets.values.repeat(3))
    assert torch.equal(images[:6], split.images[:])
    for i in range(6, 18):
        assert not torch.equal(images[i], images[i % 6])
    assert images.min() >= 0 and images.max() <= 1


def test_no_copies_are_the_split_itself(split):
    assert augmented(split, 0, generator()) is split


def test_the_same_seed_gives_the_same_copies(split):
    first, again, other = (augmented(split, 1, generator(seed)).images[:] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_global_random_numbers_are_neither_used_nor_changed(split):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first = augmented(split, 1, generator()).images[:]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(4)
    assert torch.equal(augmented(split, 1, generator()).images[:], first)


def test_rows_asked_for_in_any_order_are_the_same_images(split):
    images = augmented(split, 2, generator()).images
    order = torch.randperm(18, generator=generator(1))
    assert torch.equal(images[order], images[:][order])
    assert torch.equal(torch.cat([images[4:9], images[torch.tensor([17])]]), images[:][[4, 5, 6, 7, 8, 17]])


def test_no_rows_give_no_images(split):
    assert augmented(split, 1, generator()).images[torch.empty(0, dtype=torch.long)].shape == (0, *split.images.shape)


def test_masks_are_cropped_and_flipped_with_their_images():
    masks = torch.zeros(4, 64, 64, dtype=torch.uint8)
    masks[:, 8:40, 6:24] = 1
    masks[2:, 20:60, 30:56] = 2
    pictures = masks[:, None].repeat(1, 3, 1, 1) * 100  # each pixel shows its class
    result = augmented(Split(StoredImages(pictures), Masks(masks)), 8, generator())
    plain = torch.tensor([1.0, 1.0, 1.0, 0.0]).repeat(len(result), 1)
    shown = replace(result.images, tones=plain)[:][:, 0] * 255 / 100
    assert result.targets.values.dtype == torch.uint8 and result.targets.values.unique().tolist() == [0, 1, 2]
    assert ((shown - result.targets.values).abs() < 0.5).float().mean() > 0.985
    moved = (result.targets.values != masks.repeat(9, 1, 1)).flatten(1).any(1)
    assert not moved[:4].any() and moved[4:].all()


def test_an_ignored_pixel_stays_ignored():
    masks = torch.full((1, 16, 16), 255, dtype=torch.uint8)
    split = Split(StoredImages(masks[:, None].repeat(1, 3, 1, 1)), Masks(masks))
    assert (augmented(split, 3, generator()).targets.values == 255).all()


def test_crops_lie_in_the_image_and_keep_most_of_it():
    top, left, height, width = crop_boxes(500, 48, 64, generator()).T
    assert (top >= 0).all() and (left >= 0).all() and (top + height <= 48).all() and (left + width <= 64).all()
    assert ((height * width) / (48 * 64) > 0.4).all()


def test_a_class_survives_a_flip_and_a_mask_turns():
    flips, labels = torch.tensor([True, False]), torch.tensor([3, 1])
    assert torch.equal(ClassLabels(labels).flipped(flips).values, labels)
    mask = torch.arange(8, dtype=torch.uint8).reshape(2, 1, 4)
    assert Masks(mask).flipped(flips).values.tolist() == [[[3, 2, 1, 0]], [[4, 5, 6, 7]]]


def test_toybox_masks_follow_their_images():
    split = load_dataset("toybox", task="segmentation", size=32).test.subset(9)
    result = augmented(split, 1, generator())
    assert torch.equal(result.targets.strata(), split.targets.strata().repeat(2))
