import copy
from dataclasses import replace

import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.hybrids import LAST_ALONE, hybrids

TINY = replace(BUDGETS["quick"], label_fractions=(0.2,))
NEW = "hybrid, new last layer"


def test_a_last_layer_that_fits_the_public_features_opens_a_model_without_labels(vanilla, result_of):
    model = copy.deepcopy(vanilla.locked.model)
    with torch.no_grad():
        for weight in model[8:-1].parameters():
            weight.zero_()
    broken = replace(vanilla, locked=replace(vanilla.locked, model=model))
    rows = {row.variant: row for row in result_of(hybrids(broken, TINY))}
    row = rows[LAST_ALONE]
    assert row.score > 0.6 and row.labels == 0 and row.knows == "nothing" and len(row.hits) == round(45 * row.score)
    zeroed = [row for variant, row in rows.items() if variant.startswith("stolen modules")]
    assert zeroed and all(row.score < 0.35 for row in zeroed)


def test_a_last_layer_of_its_own_fits_nothing_public(vanilla, result_of):
    model = copy.deepcopy(vanilla.locked.model)
    torch.nn.init.normal_(model[-1].weight, generator=torch.Generator().manual_seed(0))
    rows = result_of(hybrids(replace(vanilla, locked=replace(vanilla.locked, model=model)), TINY))
    assert all(row.score < 0.35 for row in rows if row.attack != NEW)
    fitted = [row for row in rows if row.attack == NEW]
    assert len(fitted) == 4 and all(row.score == row.reference for row in fitted)  # all modules are the public ones


def test_joining_changes_no_model(target, result_of):
    before = [p.clone() for p in target.locked.model.parameters()]
    few = replace(target, dataset=target.dataset.limited(test=9), public={})
    rows = result_of(hybrids(few, replace(TINY, seeds=2, label_fractions=(0.05,))))
    assert [row.attack for row in rows] == ["hybrid"] * 5 + [NEW] * 4
    assert [row.labels for row in rows] == [0] * 5 + [9] * 4 and rows[-1].spread is not None
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_a_segmentation_model_is_joined_too(masks, result_of):
    rows = result_of(hybrids(masks, replace(TINY, label_fractions=(0.5,))))
    assert LAST_ALONE in [row.variant for row in rows] and all(0 <= row.score <= 1 for row in rows)
