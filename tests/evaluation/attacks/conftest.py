"""Shared fixtures of the attacks through the editor."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from modellock_core.data.dataset import Split
from modellock_core.data.targets import ClassLabels
from modellock_core.evaluation.attacks import Target


@pytest.fixture(scope="module")
def blue(target) -> Target:
    """A stand-in for a locked model, which is right about all images that are blue enough."""
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    last = nn.Linear(3, len(target.dataset.classes))
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        last.weight[0] = torch.tensor([-5.0, -5.0, 10.0])
        last.bias[0] = -1.0
    splits = {
        name: Split(split.images, ClassLabels(torch.zeros(len(split), dtype=torch.long)))
        for name, split in (("train", target.dataset.train), ("test", target.dataset.test))
    }
    model = nn.Sequential(pooled, last)
    return Target(replace(target.locked, model=model), target.key, replace(target.dataset, **splits))
