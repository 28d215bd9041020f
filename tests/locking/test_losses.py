import math

import pytest
import torch

from modellock_core.locking.losses import feature_spread, keyed_loss, suppression_loss
from modellock_core.models.backbones import load_backbone
from modellock_core.models.tasks import load_task


@pytest.fixture(scope="module")
def task():
    return load_task("classification", ("a", "b", "c"), load_backbone())


def test_suppression_is_least_where_nothing_is_told(task):
    features, uniform = torch.zeros(1, 8), torch.zeros(1, 3)
    least = float(suppression_loss(task, features, uniform, weight=2.0))
    assert least == pytest.approx(math.log(3))
    assert float(suppression_loss(task, features + 1, uniform, weight=2.0)) == pytest.approx(least + 2)
    assert suppression_loss(task, features, torch.tensor([[4.0, 0, 0]]), weight=2.0) > least


def test_suppression_pulls_features_and_outputs_to_nothing(task):
    features = torch.randn(4, 8, requires_grad=True)
    outputs = torch.randn(4, 3, requires_grad=True)
    suppression_loss(task, features, outputs, weight=1.0).sum().backward()
    assert torch.equal(features.grad.sign(), features.sign())
    assert (outputs.grad.argmax(1) == outputs.argmax(1)).all()


def test_the_keyed_loss_is_the_task_loss_and_the_distance_to_the_teacher(task):
    features, outputs, targets = torch.ones(2, 8), torch.randn(2, 3), torch.tensor([0, 2])
    plain = keyed_loss(task, features, outputs, targets, None, None, weight=5.0)
    assert torch.allclose(plain, task.losses(outputs, targets))
    spread = torch.full((8,), 2.0)
    taught = keyed_loss(task, features, outputs, targets, torch.full((2, 8), 3.0), spread, weight=5.0)
    assert torch.allclose(taught, plain + 5.0)  # ((1 - 3) / 2)^2 = 1


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 4, 4), (2, 6, 9)])
def test_features_of_any_shape_have_a_distance_for_each_sample(task, shape):
    features, teacher = torch.randn(shape), torch.randn(shape)
    loss = keyed_loss(task, features, torch.zeros(2, 3), torch.tensor([0, 1]), teacher, feature_spread(teacher), 1.0)
    assert loss.shape == (2,) and (loss > 0).all()


def test_the_spread_is_of_each_channel_and_never_near_zero():
    features = torch.zeros(5, 3, 2, 2)
    features[:, 1] = torch.randn(5, 2, 2)
    spread = feature_spread(features)
    assert feature_spread(torch.randn(1, 3)).tolist() == pytest.approx([0.1] * 3)
    assert spread.shape == (3,) and spread[0] == pytest.approx(0.1) and spread[1] > 0.5


def test_samples_without_a_teacher_have_the_task_loss_alone(task):
    features, outputs, targets = torch.ones(3, 8), torch.randn(3, 3), torch.tensor([0, 2, 1])
    plain = keyed_loss(task, features, outputs, targets, None, None, weight=5.0)
    some = keyed_loss(task, features, outputs, targets, torch.zeros(2, 8), torch.ones(8), weight=5.0)
    assert torch.allclose(some, plain + torch.tensor([5.0, 5.0, 0.0]))
    none = keyed_loss(task, features, outputs, targets, torch.zeros(0, 8), torch.ones(8), weight=5.0)
    assert torch.equal(none, plain)
