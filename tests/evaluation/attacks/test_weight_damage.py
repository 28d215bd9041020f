from dataclasses import replace

import pytest
import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.weight_damage import pruning, quantisation, quantised, weight_noise

TINY = replace(BUDGETS["quick"], test_images=18)


def test_damage_is_done_to_a_copy_and_opens_nothing(target, result_of):
    before = [p.clone() for p in target.locked.model.parameters()]
    rows = [row for attack in (pruning, weight_noise, quantisation) for row in result_of(attack(target, TINY))]
    assert [row.attack for row in rows] == 4 * ["pruning"] + 4 * ["weight noise"] + 2 * ["quantisation"]
    assert all(row.score < 0.35 and row.hits is None for row in rows)  # a part of the test images tells no hits
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_the_whole_test_split_tells_its_hits(target, result_of):
    test = target.dataset.test
    for row in result_of(quantisation(target, replace(TINY, test_images=len(test)))):
        assert row.hits is not None and len(row.hits) == round(row.score * len(test))


@pytest.mark.parametrize(("bits", "levels"), [(8, 255), (4, 15)])
def test_weights_are_rounded_in_each_channels_own_range(bits, levels):
    weight = torch.randn(3, 200, 5, 1, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [0.01, 1.0, 0.0]
    ).view(-1, 1, 1, 1)
    rounded = quantised(weight, bits)
    assert torch.equal(rounded[2], weight[2])
    for channel in (0, 1):
        assert len(rounded[channel].unique()) <= levels
        top = weight[channel].abs().max()
        assert torch.isclose(rounded[channel].abs().max(), top)
        assert (rounded[channel] - weight[channel]).abs().max() <= top / (levels - 1) * 1.01
