import copy
from dataclasses import replace

import pytest
import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.finetuning import REFERENCE, WAYS, descend, finetuning

TINY = replace(BUDGETS["quick"], label_fractions=(0.2,), epochs=3)


def test_a_lock_of_the_last_layer_alone_is_finetuned_away(vanilla, result_of):
    model = copy.deepcopy(vanilla.locked.model)
    model[-1].weight.data = model[-1].weight.data.roll(1, 0)
    broken = replace(vanilla, locked=replace(vanilla.locked, model=model))
    rows = {row.variant.split(",")[0]: row for row in result_of(finetuning(broken, TINY))}
    assert set(rows) == {"direct-all", "initFC-all"}
    row = rows["initFC-all"]
    assert row.score > 0.5 and row.score == pytest.approx(row.reference, abs=0.15)
    assert row.labels == 36 and row.queries == 36 * 3 and row.reference_name == REFERENCE
    assert len(row.hits) == round(45 * row.score)


def test_a_larger_budget_has_all_four_ways_and_leaves_the_model_as_it_is(target, result_of):
    before, state = [p.clone() for p in target.locked.model.parameters()], torch.get_rng_state()
    few = replace(target, dataset=target.dataset.limited(test=9), public={})
    rows = result_of(finetuning(few, replace(TINY, label_fractions=(0.05,), epochs=1, seeds=2)))
    assert [row.variant for row in rows] == [f"{way}, 5% of the labels" for way in WAYS]
    assert len({row.reference for row in rows}) == 1 and all(row.spread is not None for row in rows)
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), state)


def test_masks_are_finetuned_on_too(masks, result_of):
    rows = result_of(finetuning(masks, replace(TINY, label_fractions=(0.5,), epochs=1)))
    assert len(rows) == 2 and all(0 <= row.score <= 1 and row.hits is None for row in rows)


def test_descent_leaves_depthwise_filters_alone(result_of):
    model = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 3, groups=4), torch.nn.Conv2d(4, 2, 1))
    before, x = [p.clone() for p in model.parameters()], torch.ones(8, 4, 3, 3)
    generator = torch.Generator().manual_seed(0)
    result_of(descend(model, lambda rows: model(x[rows]).square().mean(), 8, 0.05, 5, 3, generator, ""))
    assert torch.equal(before[0], model[0].weight) and not torch.equal(before[2], model[1].weight)
    assert model(x).square().mean() < 0.5 * torch.nn.functional.conv2d(
        torch.nn.functional.conv2d(x, before[0], before[1], groups=4), before[2], before[3]
    ).square().mean()  # fmt: skip
