import copy

import pytest
import torch

from modellock_core.data.targets import ClassLabels
from modellock_core.errors import ModelLockError
from modellock_core.models.backbones import load_backbone
from modellock_core.models.freezing import split_model
from modellock_core.models.inference import outputs
from modellock_core.models.tasks import load_task

CLASSES = ("cat", "dog", "bird")


@pytest.fixture(scope="module")
def task():
    return load_task("classification", CLASSES, load_backbone("timm:test_resnet"))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_building_a_model_seeds_no_other_generator(task, monkeypatch):
    seeds, before = [], torch.get_rng_state()
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    first, again, other = (task.build(pretrained=False, seed=seed)[-1].weight for seed in (1, 1, 2))
    assert first.equal(again) and not first.equal(other)
    assert not seeds and torch.equal(torch.get_rng_state(), before)


def test_a_model_answers_with_logits_of_every_class(task):
    model, images = task.build(pretrained=False), torch.rand(2, 3, 64, 64, generator=seeded())
    with torch.inference_mode():
        assert outputs(task, model, images).shape == (2, 3)
        assert outputs(task, copy.deepcopy(model), images).equal(outputs(task, model, images))
    assert not model.training


def test_nothing_or_all_before_the_features_can_be_frozen(task):
    model, images = task.build(pretrained=False), torch.rand(2, 3, 64, 64, generator=seeded())
    for fraction, trained in ((0.0, len(model)), (1.0, 2)):
        trunk, head = split_model(model, fraction)
        assert len(head) == trained
        with torch.inference_mode():
            assert head(outputs(task, trunk, images)).equal(outputs(task, model, images))


def test_a_seed_makes_the_model_and_leaves_other_random_numbers_alone(task):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    states = [task.build(pretrained=False, seed=seed).state_dict() for seed in (0, 0, 1)]
    assert torch.rand(1) == expected
    same, other = (
        [a.equal(b) for a, b in zip(states[0].values(), state.values(), strict=True)] for state in states[1:]
    )
    assert all(same) and not all(other)


def test_wrong_targets_are_always_wrong_and_all_others_occur(task):
    labels = ClassLabels(torch.arange(3).repeat(50))
    wrong = task.wrong_targets(labels, seeded())
    assert (wrong.values != labels.values).all() and set(wrong.values.tolist()) == {0, 1, 2}


def test_the_uniform_loss_is_least_where_all_classes_are_alike(task):
    losses = task.uniform_losses(torch.tensor([[0.0, 0, 0], [1, 0, 0], [5, -5, 0]]))
    assert losses[0] == pytest.approx(torch.log(torch.tensor(3.0)).item()) and losses[0] < losses[1] < losses[2]


def test_the_last_layer_is_fitted_and_tells_how_far_it_is(task):
    features, targets = torch.eye(3).repeat(10, 1) * 5, torch.arange(3).repeat(10)
    layer = torch.nn.Linear(3, 3)
    progress = list(task.fit_last_layer(layer, features.half(), targets, seeded()))
    assert (layer(features).argmax(1) == targets).all()
    assert [p.step for p in progress] == list(range(1, len(progress) + 1)) and progress[-1].fraction == 1


def test_the_metric_is_accuracy_of_all_or_of_each_class(task):
    answers, targets = torch.eye(3)[[0, 0, 1, 1]], torch.tensor([0, 0, 0, 1])
    for by_class, expected in ((False, 3 / 4), (True, [2 / 3, 1, 0])):
        metric = task.metric(by_class)
        metric.update(answers, targets)
        assert metric.compute().tolist() == pytest.approx(expected)
    assert task.chance(ClassLabels(targets)) == pytest.approx(1 / 3)


def test_a_prediction_tells_the_likeliest_class(task):
    prediction = task.prediction(torch.tensor([0.1, 0.8, 0.1]))
    answer = prediction.to_json()
    assert answer["label"] == "dog" and not answer["abstains"]
    assert answer["probabilities"] == pytest.approx({"cat": 0.1, "dog": 0.8, "bird": 0.1})
    assert prediction.pictures(torch.rand(3, 8, 8)) == {}


@pytest.mark.parametrize(
    ("probabilities", "abstains"),
    [((0.4, 0.3, 0.3), True), ((0.9, 0.05, 0.05), False), ((0.6, 0.4), True), ((0.95, 0.05), False)],
)
def test_a_model_abstains_where_all_classes_are_about_alike(probabilities, abstains):
    task = load_task("classification", CLASSES[: len(probabilities)], load_backbone("timm:test_resnet"))
    assert task.prediction(torch.tensor(probabilities)).abstains is abstains


def test_a_permutation_gains_what_it_makes_right(task):
    gains = task.permutation_gains(torch.tensor([[0, 4, 0], [0, 0, 4], [2, 0, 0]]))
    assert gains.sum() == 1 and gains[0, 1] == 0.4


def test_an_unknown_task_is_refused():
    with pytest.raises(ModelLockError, match="choose one of classification, segmentation"):
        load_task("detection", CLASSES, load_backbone("timm:test_resnet"))
