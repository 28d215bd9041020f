import json

import pytest
import timm
import torch
from safetensors.torch import load_file

from modellock_core.paths import BACKBONE
from modellock_core.progress import finished
from modellock_core.tasks import load_task

TASK = load_task("classification", ("cat", "dog", "bird"))


@pytest.fixture(scope="module")
def model():
    return TASK.build()


def test_the_folded_backbone_sees_what_timms_sees(model):
    config = json.loads((BACKBONE / "config.json").read_text())
    reference = timm.create_model(config["architecture"], num_classes=0).eval()
    weights = {k: v.float() for k, v in load_file(BACKBONE / "model.safetensors").items()}
    reference.load_state_dict(weights)
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    x = TASK.normalise(images)
    features = torch.nn.Sequential(*TASK.stages(model)[:-1])
    with torch.inference_mode():
        assert torch.allclose(features(x), reference(x), atol=1e-3)
    assert not any("bn" in name for name in model.state_dict())


def test_the_stages_in_a_row_are_the_model(model):
    x = TASK.normalise(torch.rand(2, 3, 64, 64))
    with torch.inference_mode():
        assert torch.allclose(torch.nn.Sequential(*TASK.stages(model))(x), model(x), atol=1e-5)


def test_wrong_targets_are_always_wrong_and_all_others_occur():
    labels = torch.arange(3).repeat(50)
    wrong = TASK.wrong_targets(labels, torch.Generator().manual_seed(0))
    assert (wrong != labels).all() and set(wrong.tolist()) == {0, 1, 2}


def test_the_uniform_loss_is_least_where_all_classes_are_alike():
    outputs = torch.tensor([[0.0, 0, 0], [1, 0, 0], [5, -5, 0]])
    losses = TASK.uniform_losses(outputs)
    assert losses[0] == pytest.approx(torch.log(torch.tensor(3.0)).item()) and losses[0] < losses[1] < losses[2]


def test_the_last_layer_is_fitted():
    features = torch.eye(3).repeat(10, 1) * 5
    layer, targets = torch.nn.Linear(3, 3), torch.arange(3).repeat(10)
    finished(TASK.fit_last_layer(layer, features, targets))
    assert (layer(features).argmax(1) == targets).all()
