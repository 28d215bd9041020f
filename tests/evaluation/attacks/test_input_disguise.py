import sys
from dataclasses import replace

import pytest
import torch

from modellock_core.editing.editor_space import apply_plan, random_plan
from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.editor_space import public_settings
from modellock_core.evaluation.attacks.input_disguise import Disguise, _imitate, input_disguise
from modellock_core.evaluation.performance import performance

TINY = replace(BUDGETS["quick"], gradient_steps=2)


@pytest.fixture
def briefly(monkeypatch):
    """A few steps are enough where it doesn't matter what comes out."""
    monkeypatch.setattr(sys.modules[Disguise.__module__], "LEAST_STEPS", 2)


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(32, 48), (33, 47)])
def test_a_disguise_is_small_and_begins_with_the_images_as_they_are(shape):
    network, images = Disguise(drawn()), torch.rand(2, 3, *shape, generator=drawn())
    assert 10_000 < sum(p.numel() for p in network.parameters()) < 30_000
    assert torch.equal(network(images), images)
    for weights in network.parameters():
        weights.data += 0.1
    changed = network(images)
    assert changed.shape == images.shape and changed.min() >= 0 and changed.max() <= 1


def test_a_disguise_may_differ_from_place_to_place():
    network, grey = Disguise(drawn()), torch.full((1, 3, 32, 32), 0.5)
    for weights in network.parameters():
        weights.data += 0.05 * torch.randn(weights.shape, generator=drawn())
    change = (network(grey) - grey).detach()[..., 8:24, 8:24]  # without the rim
    assert change.flatten(2).std(2).min() > 1e-3


def test_an_imitation_comes_nearer_to_what_the_editor_paints(target, editor, result_of):
    images, settings, network = target.dataset.train.images[:16], public_settings(target), Disguise(drawn())
    result_of(_imitate(network, images, editor, settings, 30, drawn(1)))
    edited = apply_plan(images, settings, random_plan(editor, drawn(1), objects=False), editor)
    with torch.no_grad():
        assert (network(images) - edited).square().mean() < 0.8 * (images - edited).square().mean()


def test_what_opens_to_blue_images_is_opened(blue, monkeypatch, result_of):
    monkeypatch.setattr(sys.modules[Disguise.__module__], "LEAST_STEPS", 20)
    test = blue.dataset.test
    before = result_of(performance(blue.locked, test.images, test.targets))
    (row,) = result_of(input_disguise(blue, BUDGETS["quick"]))
    assert row.score > before + 0.3 and len(row.hits) == round(45 * row.score)
    assert "the editor" in row.knows and "starts: 2" in row.cost


def test_other_editors_are_not_imitated(blue, briefly, result_of):
    class Other:
        name = "other"

    foreign = replace(blue)
    vars(foreign)["editor"] = Other()
    (row,) = result_of(input_disguise(foreign, TINY))
    assert row.knows == "these labelled images"


def test_the_target_and_the_global_random_numbers_stay(target, briefly, result_of):
    before, state = [p.clone() for p in target.locked.model.parameters()], torch.get_rng_state()
    known = replace(target, public={(9, 0): 0.5})  # only the search is looked at
    (row,) = result_of(input_disguise(known, TINY))
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert row.labels == 9 and row.queries == (2 + 1) * 9 + 2 * 9  # steps, and a score for each start


def test_a_model_of_masks_is_attacked_too(masks, briefly, result_of):
    (row,) = result_of(input_disguise(masks, TINY))
    assert 0 <= row.score <= 1 and row.hits is None
