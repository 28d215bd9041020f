import torch

from modellock_core import RECIPES, Key, lock
from modellock_core.views import with_views


def test_views_are_altered_copies_with_the_same_labels(small):
    split = small.train.subset(6)
    views = with_views(split, 3, seed=0)
    assert views.images.shape == (18, *split.images.shape[1:])
    assert torch.equal(views.labels, split.labels.repeat(3))
    assert torch.equal(views.images[:6], split.images)
    for i in range(6, 18):
        assert not torch.equal(views.images[i], split.images[i % 6])
    assert views.images.min() >= 0 and views.images.max() <= 1


def test_one_view_is_the_split_itself(small):
    split = small.train.subset(4)
    assert torch.equal(with_views(split, 1, seed=0).images, split.images)


def test_the_seed_draws_the_views_and_leaves_other_randomness_alone(small):
    split = small.train.subset(4)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = with_views(split, 2, seed=0).images
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(first, with_views(split, 2, seed=0).images)
    assert not torch.equal(first, with_views(split, 2, seed=1).images)


def test_a_lock_keys_every_view(small, editor):
    first = next(iter(lock(small, Key.create("with oil pastel", steps=1), recipe=RECIPES["quick"], editor=editor)))
    assert first.of == RECIPES["quick"].views * len(small.train)
