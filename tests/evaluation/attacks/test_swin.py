"""Attacks on a model whose blocks put channels last, and tokens in rows."""

from dataclasses import replace

import pytest
import timm
import torch
from timm.models._hub import save_for_hf

from modellock_core import load_backbone
from modellock_core.evaluation.attacks import BUDGETS, Target
from modellock_core.evaluation.attacks.linear_probe import linear_probe
from modellock_core.models.inference import channels_second
from modellock_core.models.tasks import load_task

SHAPE = {"img_size": 32, "embed_dim": 8, "depths": (1, 1), "num_heads": (1, 2), "window_size": 4}
TINY = replace(BUDGETS["quick"], label_fractions=(0.5,))


@pytest.fixture(scope="module")
def swin(target, tmp_path_factory) -> Target:
    """An untrained tiny Swin of timm's, and a few of the bundled images."""
    folder = tmp_path_factory.mktemp("swin")
    torch.manual_seed(0)
    network = timm.create_model("swin_tiny_patch4_window7_224", **SHAPE)
    save_for_hf(network, folder, safe_serialization=True, model_args=SHAPE)
    task = load_task("classification", target.dataset.classes, load_backbone(str(folder)))
    locked = replace(target.locked, task=task, model=task.build())
    return Target(locked, target.key, target.dataset.limited(train=36, test=18))


def test_every_block_of_a_swin_is_probed_by_its_channels(swin, result_of):
    x, task = torch.rand(2, 3, 32, 32), swin.locked.task
    channels, last_dimensions = [], []
    for block in swin.locked.model[:-1]:
        x = block(x)
        channels.append(channels_second(x).shape[1])
        last_dimensions.append(x.shape[-1])
    assert channels == last_dimensions and set(channels) == {8, 16}, "Swin's are maps (N, h, w, C)"
    assert task.backbone.stages().feature_dim == channels[-1]
    rows = result_of(linear_probe(swin, TINY))
    assert len(rows) == 3 and all(row.labels == 18 and 0 <= row.score <= 1 for row in rows)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 8, 4, 4), (2, 8, 4, 4)),
        ((2, 4, 4, 4), (2, 4, 4, 4)),
        ((2, 4, 4, 8), (2, 8, 4, 4)),
        ((2, 17, 8), (2, 8, 17)),
        ((2, 8), (2, 8, 1)),
    ],
)
def test_channels_of_maps_tokens_and_features_come_second(shape, expected):
    x = torch.rand(shape)
    assert channels_second(x).shape == expected
    assert torch.equal(channels_second(x).flatten().sort().values, x.flatten().sort().values)
