"""Logistic regression in steps, for a last layer and for an attacker who reads logits."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...work import Progress, Steps

ROUNDS, ROUND_ITERATIONS = 8, 5  # of L-BFGS
WEIGHT_DECAY = 5e-3


def logistic_regression(layer: nn.Linear, features: Tensor, targets: Tensor) -> Steps[None]:
    """Fit a layer in place, by L-BFGS from zero, to features (N, D) of any precision and labels (N,)."""
    device = layer.weight.device
    features, targets = features.to(device, torch.float32), targets.to(device)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=ROUND_ITERATIONS)

    def objective() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(layer(features), targets) + WEIGHT_DECAY * layer.weight.square().sum()
        loss.backward()
        return loss.item()

    for i in range(ROUNDS):  # L-BFGS resumes where it was
        optimizer.step(objective)
        yield Progress("Fitting the last layer", i + 1, ROUNDS)
