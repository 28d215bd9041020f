"""Logistic regression in steps, for a last layer and for an attacker who reads logits."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def logistic_regression(layer: nn.Linear, features: Tensor, targets: Tensor) -> Iterator[None]:
    """Fit a layer in place, by L-BFGS from zero, to features (N, D) float32 and labels (N,); yields now and then."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=5)

    def objective() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(layer(features), targets) + 5e-3 * layer.weight.square().sum()
        loss.backward()
        return loss

    for _ in range(8):  # L-BFGS goes on where it was
        optimizer.step(objective)
        yield
