from dataclasses import replace

import pytest
import torch

from modellock_core.editing.editor_space import apply_plan, random_plan
from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.editor_space import public_settings
from modellock_core.evaluation.attacks.input_disguise import Disguise, _imitate, input_disguise
from modellock_core.evaluation.performance import performance

TINY = replace(BUDGETS["quick"], gradient_steps=2)


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


def test_an_imitation_comes_nearer_to_what_the_editor_paints(target, editor, result_of):
    images, settings, network = target.dataset.train.images[:16], public_settings(target), Disguise(drawn())
    result_of(_imitate(network, images, editor, settings, 30, drawn(1)))
    edited = apply_plan(images, settings, random_plan(editor, drawn(1), objects=False), editor)
    with torch.no_grad():
        assert (network(images) - edited).square().mean() < 0.8 * (images - edited).square().mean()


def test_what_opens_to_blue_images_is_opened(blue, result_of):
    test = blue.dataset.test
    before = result_of(performance(blue.locked, test.images, test.targets))
    rows = result_of(input_disguise(blue, replace(BUDGETS["quick"], gradient_steps=60)))
    assert len(rows) == 2 and all(row.score > before + 0.3 for row in rows)
    assert all(len(row.hits) == round(45 * row.score) for row in rows)


def test_other_editors_are_not_imitated(blue, result_of):
    class Other:
        name = "other"

    foreign = replace(blue)
    vars(foreign)["editor"] = Other()
    (row,) = result_of(input_disguise(foreign, TINY))
    assert "identity" in row.variant and "editor" not in row.knows


def test_the_target_and_the_global_random_numbers_stay(target, result_of):
    before, state = [p.clone() for p in target.locked.model.parameters()], torch.get_rng_state()
    known = replace(target, public={(9, 0): 0.5})  # only the search is looked at
    rows = result_of(input_disguise(known, replace(TINY, restarts=2)))
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert [row.labels for row in rows] == [9, 9] and all("2 starts" in row.cost for row in rows)


def test_a_model_of_masks_is_attacked_too(masks, result_of):
    rows = result_of(input_disguise(masks, TINY))
    assert len(rows) == 2 and all(0 <= row.score <= 1 and row.hits is None for row in rows)
