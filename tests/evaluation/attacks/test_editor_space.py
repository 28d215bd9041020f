import math
from dataclasses import replace
from importlib import import_module

import pytest
import torch

from modellock_core import LockedModel
from modellock_core.editing.editor_space import named_plans
from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.editor_space import _descended, editor_space, loss_of, public_settings, scored
from modellock_core.paths import EXAMPLE_LOCK

TINY = replace(BUDGETS["quick"], test_images=18, queries=6, gradient_steps=1)


@pytest.fixture
def few_names(monkeypatch):
    """The editor knows so few names that all are tried within a second."""

    def only(*names):
        module = import_module("modellock_core.evaluation.attacks.editor_space")
        monkeypatch.setattr(module, "named_plans", lambda editor: {name: named_plans(editor)[name] for name in names})

    return only


def test_the_prompt_is_found_among_the_names(target, result_of, few_names):
    few_names("rooster", "zebra", "Van Gogh", "Gold")
    before = [p.clone() for p in target.locked.model.parameters()]
    (row,) = result_of(editor_space(target, TINY))
    assert row.score > 0.5 and row.labels == 9 and row.hits is None
    assert row.queries == 4 * 2 + 6 * 9 + 1 * 5 + 9 and "public" in row.reference_name
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))
    assert all(p.grad is None for p in target.locked.model.parameters())


def test_a_sealed_model_gives_a_search_no_more_than_the_public_backbone_does(target, result_of, few_names):
    few_names("rooster", "zebra", "hot air balloon")
    sealed = replace(target, locked=LockedModel.load(EXAMPLE_LOCK))
    (row,) = result_of(editor_space(sealed, replace(TINY, test_images=396)))
    assert row.score < row.reference + 0.15
    assert row.hits is not None and len(row.hits) == round(row.score * len(target.dataset.test))


def test_the_gradient_lowers_the_loss(blue, result_of):
    target, editor = blue, blue.editor
    few = target.dataset.train.subset(6)
    start = scored(target, editor, few, named_plans(editor)["Pastel"], public_settings(target))
    best = result_of(_descended(target, editor, [start], few, few, 8, torch.Generator().manual_seed(0)))
    assert best.loss < 0.9 * start.loss


def test_a_confident_error_counts_for_no_more_than_a_guess(blue):
    editor, settings, plan = blue.editor, public_settings(blue), named_plans(blue.editor)["Fire"]
    few = blue.dataset.train.subset(6)
    uncapped = loss_of(blue, editor, few, torch.arange(6), plan, settings, settings.alpha).item()
    assert scored(blue, editor, few, plan, settings).loss <= min(uncapped, math.log(len(blue.dataset.classes))) + 1e-4


def test_the_same_seed_finds_the_same(target, result_of, few_names):
    few_names("rooster", "Monet")
    budget = replace(TINY, queries=4)
    assert result_of(editor_space(target, budget)) == result_of(editor_space(target, budget))


def test_an_editor_of_another_kind_has_no_such_space(target, result_of):
    other = replace(target)
    other.__dict__["editor"] = object()
    assert result_of(editor_space(other, TINY)) == []
