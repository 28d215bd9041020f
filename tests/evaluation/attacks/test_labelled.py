from dataclasses import replace

import pytest
import torch

from modellock_core.evaluation.attacks.labelled import (
    few_labels,
    hits_of,
    probed,
    public_performance,
    public_reference,
    public_trunk,
    regression,
    scores_of,
)


def test_a_thief_has_labels_of_every_class_and_others_with_another_seed(target):
    labelled = few_labels(target, 0.001, 0)
    assert labelled.targets.values.sort().values.tolist() == list(range(9))
    assert len(few_labels(target, 0.2, 0)) == 36
    rows = [few_labels(target, 0.2, seed).images.rows for seed in (0, 0, 1)]
    assert torch.equal(rows[0], rows[1]) and not torch.equal(rows[0], rows[2])


def test_a_regression_reads_features_however_small_they_are():
    labels = torch.arange(4).repeat(10)
    features = torch.eye(4)[labels] + 0.1 * torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    for size in (1, 1e-5):
        assert torch.equal(regression(size * features + 1, labels, size * features + 1, 4, 1e-2).argmax(1), labels)


def test_the_reference_is_computed_once_and_is_the_mean_over_seeds(target, result_of):
    fresh = replace(target, public={})
    reached = [result_of(public_performance(fresh, 0.05, seed, "")) for seed in (0, 1)]
    assert fresh.public == {(9, 0): reached[0], (9, 1): reached[1]}
    assert next(public_reference(fresh, 0.05, 2, ""), None) is None, "it was computed again"
    assert result_of(public_reference(fresh, 0.05, 2, "")) == pytest.approx(sum(reached) / 2)


def test_a_thief_sees_which_modules_the_lock_left_alone(target, vanilla):
    cut = public_trunk(target)
    assert 0 < cut < public_trunk(vanilla) == len(vanilla.locked.model) // 2
    public = vanilla.locked.model
    assert all(
        torch.equal(a.half(), b.half())
        for a, b in zip(target.locked.model[:cut].parameters(), public[:cut].parameters(), strict=True)
    )


@pytest.mark.parametrize("kind", ["target", "masks"])
def test_a_probe_leaves_the_model_as_it_is(kind, request, result_of):
    target = request.getfixturevalue(kind)
    before = [p.clone() for p in target.locked.model.parameters()]
    assert 0 <= result_of(probed(target, target.locked.model, few_labels(target, 0.3, 0), 0, "")) <= 1
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_runs_are_summed_up_with_the_hits_of_the_best(target, masks):
    labels = target.dataset.test.targets.values
    wrong = labels.clone()
    wrong[:9] = (wrong[:9] + 1) % 9
    assert scores_of(target, [wrong]) == (pytest.approx(0.8), None, tuple(range(9, 45)))
    mean, spread, hits = scores_of(target, [wrong, labels])
    assert mean == pytest.approx(0.9) and spread == pytest.approx(0.1 * 2**0.5) and hits == tuple(range(45))
    values = masks.dataset.test.targets.values
    assert hits_of(masks, values) is None and scores_of(masks, [values]) == (pytest.approx(1), None, None)
