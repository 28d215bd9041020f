from dataclasses import replace

import torch
from torch import nn

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.fine_pruning import fine_pruning, without_least_active

TINY = replace(BUDGETS["quick"], label_fractions=(0.1,), epochs=1)


def test_the_sleeping_channels_are_removed():
    features = torch.tensor([[0.0, -3.0, 1.0, 0.1], [0.0, -3.0, 1.0, 0.0]])
    pruned = without_least_active(nn.Sequential(nn.Identity(), nn.Identity()), features, 0.5)
    assert torch.equal(pruned(features), features * torch.tensor([0.0, 1.0, 1.0, 0.0]))


def test_channels_of_maps_are_removed():
    maps = torch.ones(2, 3, 4, 4)
    maps[:, 1] = 0.1
    pruned = without_least_active(nn.Sequential(nn.Identity(), nn.Identity()), maps, 1 / 3)
    assert pruned(maps).amax((0, 2, 3)).tolist() == [1.0, 0.0, 1.0]


def test_it_gains_nothing_on_the_bundled_lock_and_leaves_it_alone(target, result_of):
    before = [p.clone() for p in target.locked.model.parameters()]
    rows = result_of(fine_pruning(target, TINY))
    assert [row.variant.split(" of")[0] for row in rows] == ["50%", "90%"]
    for row in rows:
        assert row.labels == 18 and "public" in row.reference_name
        assert row.score <= row.reference + 0.1
        assert len(row.hits) == round(row.score * len(target.dataset.test))
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_a_model_that_is_not_locked_is_open_to_it(target, result_of):
    """The public backbone as the loot: its channels are awake on clean images, and half of them do."""
    loot = replace(target, locked=replace(target.locked, model=target.locked.task.build(seed=0)), public={})
    half, _ = result_of(fine_pruning(loot, TINY))
    assert half.score > 0.4
