from dataclasses import replace

import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.labelled import PUBLIC
from modellock_core.evaluation.attacks.linear_probe import BESIDE, BLOCK, LAST, linear_probe

TINY = replace(BUDGETS["quick"], label_fractions=(0.2,))


def by_name(findings):
    return {finding.variant.rsplit(", ", 1)[0]: finding for finding in findings}


def test_the_bundled_lock_gives_a_probe_less_than_the_public_backbone_does(target, result_of):
    rows = by_name(result_of(linear_probe(target, TINY)))
    assert set(rows) == {LAST, BLOCK, BESIDE}
    assert rows[LAST].score < rows[LAST].reference - 0.2
    assert rows[LAST].score <= rows[BLOCK].score <= rows[BLOCK].reference + 0.1
    for row in rows.values():
        assert row.variant.endswith("20% of the labels") and row.labels == 36 and row.reference_name == PUBLIC
        assert len(row.hits) == round(45 * row.score)


def test_features_that_nothing_suppresses_are_worth_the_reference(vanilla, result_of):
    row = by_name(result_of(linear_probe(vanilla, TINY)))[LAST]
    assert row.score == row.reference > 0.5


def test_a_probe_of_several_seeds_has_a_spread(target, result_of):
    few = replace(target, dataset=target.dataset.limited(test=9), public={})
    rows = result_of(linear_probe(few, replace(TINY, label_fractions=(0.05,), seeds=2)))
    assert [row.labels for row in rows] == [9] * 3 and all(row.spread is not None for row in rows)


def test_a_probe_of_masks_is_a_new_decoder(masks, result_of):
    before = [p.clone() for p in masks.locked.model.parameters()]
    (row,) = result_of(linear_probe(masks, replace(TINY, label_fractions=(0.5,))))
    assert row.score > masks.chance and row.hits is None
    assert all(torch.equal(a, b) for a, b in zip(before, masks.locked.model.parameters(), strict=True))
