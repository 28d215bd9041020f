from dataclasses import replace
from importlib import import_module

import pytest
import torch
import torch.nn.functional as F

from modellock_core import Key
from modellock_core.data.image_sets import StoredImages
from modellock_core.editing.editor_space import named_plans
from modellock_core.editing.key import apply_key
from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.editor_space import public_settings
from modellock_core.evaluation.attacks.leaked_pairs import Pairs, _colours, _painted, _resembling, leaked_pairs

TINY = replace(BUDGETS["quick"], test_images=18, queries=2, gradient_steps=2, leaked=(4,))


@pytest.fixture
def few_names(monkeypatch):
    names = ("rooster", "Monet", "Van Gogh", "Pastel")
    module = import_module("modellock_core.evaluation.attacks.leaked_pairs")
    monkeypatch.setattr(module, "named_plans", lambda editor: {name: named_plans(editor)[name] for name in names})


def test_pairs_open_the_example(target, result_of, few_names):
    before = [p.clone() for p in target.locked.model.parameters()]
    rows = {row.variant.split(", ", 1)[1]: row for row in result_of(leaked_pairs(target, TINY))}
    assert list(rows) == ["mean residual", "colour matrix", "small network", "editor", "editor, no originals"]
    assert rows["editor"].score > 0.25 and rows["editor"].cost.endswith("the closest")
    assert all(row.labels == row.queries == 0 and row.hits is None for row in rows.values())
    assert "originals" in rows["editor"].knows and "originals" not in rows["editor, no originals"].knows
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_a_style_painted_by_a_hand_is_imitated(editor, toybox, target, result_of, few_names):
    key = Key("with oil pastel", hand="0123456789abcdef" * 2)
    plain = toybox.train.images[:6]
    pairs, budget = Pairs(plain, apply_key(plain, key, editor)), replace(TINY, gradient_steps=6)
    fit = result_of(_painted(editor, public_settings(target), pairs[:4], budget, torch.Generator().manual_seed(0)))
    unseen = pairs[4:]
    guess = apply_key(unseen.plain, Key("with oil pastel"), editor)
    missed = [F.mse_loss(images, unseen.keyed) for images in (fit(StoredImages.of(unseen.plain))[:], guess)]
    assert missed[0] < 0.8 * missed[1]


def test_an_affine_change_of_colours_is_found():
    plain = 0.2 + 0.5 * torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    matrix = torch.tensor([[0.8, 0.1, 0.0], [0.0, 0.9, 0.1], [0.2, 0.0, 0.7]])
    keyed = torch.einsum("ij,njhw->nihw", matrix, plain) + 0.05
    assert torch.allclose(_colours(Pairs(plain, keyed))(plain), keyed, atol=1e-4)


def test_without_originals_the_style_is_told_by_its_look(editor, toybox, target, result_of, few_names):
    keyed = apply_key(toybox.train.images[:8], Key("in the style of Monet", alpha=0.9), editor)
    own, task = toybox.train.images[100:116], target.locked.task
    budget, generator = replace(TINY, queries=4, gradient_steps=3), torch.Generator().manual_seed(0)
    settings = public_settings(target)
    fit = result_of(_resembling(task, editor, settings, keyed, own, budget, generator))(StoredImages.of(own))
    styles = editor.pipeline.styles
    nearest = (styles.table.detach() - fit.plan.style).norm(dim=1).argmin()
    assert styles.config.names[nearest] == "Monet" and fit.key.alpha > settings.alpha


def test_of_another_kind_of_editor_only_the_pairs_are_used(target, result_of):
    class Darker:
        name, version, chunk = "darker", None, 4

        def edit(self, images, prompt, **settings):
            return images * 0.5

    other = replace(target, key=replace(target.key, editor_version=None))
    other.__dict__["editor"] = Darker()
    rows = result_of(leaked_pairs(other, TINY))
    assert [row.variant for row in rows] == [
        f"4 images, {n}" for n in ("mean residual", "colour matrix", "small network")
    ]
    assert rows[1].cost.endswith("the closest")
