from dataclasses import replace

import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.extraction import extraction, sizes_of

TINY = replace(BUDGETS["quick"], queries=12, epochs=1)


def test_a_budget_says_how_many_questions_may_be_asked():
    assert sizes_of(1008, BUDGETS["quick"]) == [100]
    assert sizes_of(1008, BUDGETS["full"]) == [100, 500, 1008]
    assert sizes_of(50_000, BUDGETS["full"]) == [100, 500]
    assert sizes_of(80, BUDGETS["quick"]) == [80]
    assert sizes_of(1008, TINY) == [60]


def test_nothing_is_copied_from_a_locked_model_without_the_key(target, result_of):
    before = [p.clone() for p in target.locked.model.parameters()]
    locked, service = result_of(extraction(target, TINY))
    assert locked.score < 0.35 and len(locked.hits) == round(45 * locked.score)
    assert service.score > locked.score + 0.2 and service.hits is None and "service" in service.attack
    assert {row.queries for row in (locked, service)} == {60} and locked.labels == 0
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_a_model_that_is_not_locked_is_copied(vanilla, result_of):
    copied, _ = result_of(extraction(vanilla, TINY))
    assert copied.score > copied.reference - 0.15 and copied.score > 0.4


def test_masks_are_copied_too(masks, result_of):
    rows = result_of(extraction(masks, replace(TINY, queries=4)))
    assert len(rows) == 2 and all(0 <= row.score <= 1 and row.hits is None for row in rows)
