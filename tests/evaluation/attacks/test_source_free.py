import copy
from dataclasses import replace

import torch
from torch import nn

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.source_free import information_loss, pseudo_labels, source_free
from modellock_core.evaluation.performance import performance

TINY = replace(BUDGETS["quick"], epochs=2)


def test_information_is_least_where_answers_are_sure_and_differ():
    sure, unsure = 20 * torch.eye(4), torch.zeros(4, 4)
    assert information_loss(sure) < information_loss(unsure) - 1
    assert abs(information_loss(20 * torch.eye(4)[[0, 0, 0, 0]])) < 1e-3  # all the same class tells nothing
    assert torch.isclose(information_loss(sure), information_loss(sure[:, :, None, None].expand(4, 4, 3, 3)))


def test_clusters_take_the_class_that_the_last_layer_leans_to():
    classes = torch.tensor([0, 1, 2]).repeat(20)
    features = torch.eye(3)[classes] + 0.1 * torch.rand(60, 3, generator=torch.Generator().manual_seed(0))
    last = nn.Linear(3, 3)
    last.weight.data, last.bias.data = 0.1 * torch.eye(3), torch.tensor([1.0, 0.0, 0.0])
    assert (last(features).argmax(1) == 0).all()
    assert torch.equal(pseudo_labels(last, features.half()), classes)


def test_damage_is_repaired_without_labels(vanilla, result_of):
    model = copy.deepcopy(vanilla.locked.model)
    generator = torch.Generator().manual_seed(0)
    for weight in model[12:-1].parameters():
        if weight.dim() == 4:
            weight.data += 0.4 * weight.data.std() * torch.randn(weight.shape, generator=generator)
    damaged = replace(vanilla, locked=replace(vanilla.locked, model=model))
    test = vanilla.dataset.test
    before = result_of(performance(damaged.locked, test.images, test.targets))
    weights = [p.clone() for p in model.parameters()]
    plain, renamed = result_of(source_free(damaged, replace(TINY, epochs=8)))
    assert plain.score > before + 0.05 and renamed.score >= plain.score - 1e-6
    assert plain.labels == 0 and plain.knows == "180 unlabelled images" and plain.queries == 180 * 4
    assert renamed.labels == 45 and 1 / 9 < renamed.reference <= 1  # of the public backbone, renamed too
    assert len(plain.hits) == round(45 * plain.score)
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters(), strict=True))


def test_a_larger_budget_has_several_seeds(target, result_of):
    few = replace(target, dataset=target.dataset.limited(train=18, test=18))
    plain, _ = result_of(source_free(few, replace(TINY, epochs=2, seeds=2)))
    assert plain.spread is not None and "3 learning rates" in plain.cost


def test_a_segmentation_model_is_adapted_too(masks, result_of):
    rows = result_of(source_free(masks, TINY))
    assert len(rows) == 2 and all(0 <= row.score <= 1 and row.hits is None for row in rows)
