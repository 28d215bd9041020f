from dataclasses import replace

import pytest
import torch
from torch import nn

from modellock_core.editing.image_changes import BOUND, AddedPattern, ColourChange
from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.labelled import few_labels
from modellock_core.evaluation.attacks.universal_pattern import RATE, ChangedImages, best_start, universal_pattern
from modellock_core.evaluation.performance import performance

TINY = replace(BUDGETS["quick"], gradient_steps=2)


class Gate(nn.Module):
    """Lets normalised images pass that bear a fine checkerboard, and leaves hardly anything of others."""

    def forward(self, images):
        rows, columns = (torch.arange(side) for side in images.shape[-2:])
        board = 1.0 - 2.0 * ((rows[:, None] + columns) % 2)
        likeness = (images * board).mean((1, 2, 3), keepdim=True)
        return images * (20 * (likeness - 0.2)).sigmoid()


def drawn(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_pattern_is_tiled_bounded_and_stays_in_range():
    pattern = AddedPattern((8, 8), drawn())
    pattern.raw.data *= 1000
    grey, black = torch.full((2, 3, 20, 27), 0.5), torch.zeros(1, 3, 20, 27)
    changed = pattern(grey).detach()
    assert changed.shape == grey.shape and (changed - grey).abs().max() == pytest.approx(BOUND)
    assert torch.equal(changed[..., :8, :8], changed[..., 8:16, 16:24])
    assert pattern(black).min() >= 0 and pattern(black + 1).max() <= 1


def test_starts_are_near_identity_and_differ():
    images = torch.rand(2, 3, 32, 32, generator=drawn())
    for make in (lambda g: AddedPattern((32, 32), g), ColourChange):
        first, second = make(drawn(0)), make(drawn(1))
        assert (first(images) - images).abs().mean() < 0.15 and not torch.equal(first(images), second(images))


def test_what_opens_to_blue_images_is_opened(blue, result_of):
    test = blue.dataset.test
    before = result_of(performance(blue.locked, test.images, test.targets))
    rows = result_of(universal_pattern(blue, replace(BUDGETS["quick"], gradient_steps=40)))
    assert len(rows) == 4 and all(row.score > before + 0.3 for row in rows)
    assert all(len(row.hits) == round(45 * row.score) for row in rows)


def test_a_trigger_is_found_before_a_real_network(vanilla, result_of):
    gated = replace(vanilla, locked=replace(vanilla.locked, model=nn.Sequential(Gate(), *vanilla.locked.model)))
    test, labelled = vanilla.dataset.test, few_labels(vanilla, 0.2, 0)
    before = result_of(performance(gated.locked, test.images, test.targets))
    change, _ = result_of(best_start(gated, [AddedPattern((8, 8), drawn())], labelled, 20, 2 * RATE, drawn(), ""))
    assert result_of(performance(gated.locked, ChangedImages(test.images, change), test.targets)) > before + 0.3


def test_the_better_start_goes_on(blue, result_of):
    bad, good = AddedPattern((8, 8), drawn()), AddedPattern((8, 8), drawn())
    bad.raw.data[:2], bad.raw.data[2] = 5, -5  # as yellow as it gets, where the gradient vanishes
    labelled = few_labels(blue, 0.2, 0)
    change, queries = result_of(best_start(blue, [bad, good], labelled, 8, RATE, drawn(), ""))
    assert change is good and queries == (2 + 8) * 16 + 2 * len(labelled)


def test_the_target_and_the_global_random_numbers_stay(target, result_of):
    before, state = [p.clone() for p in target.locked.model.parameters()], torch.get_rng_state()
    known = replace(target, public={(9, 0): 0.5})  # only the search is looked at
    rows = result_of(universal_pattern(known, TINY))
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert [row.labels for row in rows] == [9] * 4 and all("public" in row.reference_name for row in rows)
    assert all(p.grad is None for p in target.locked.model.parameters())


def test_a_model_of_masks_is_attacked_too(masks, result_of):
    rows = result_of(universal_pattern(masks, replace(TINY, gradient_steps=1)))
    assert len(rows) == 4 and all(0 <= row.score <= 1 and row.hits is None for row in rows)
