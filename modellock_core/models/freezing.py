"""Splitting a model where the finetune begins: what is frozen, and what is trained."""

from __future__ import annotations

from torch import nn


def split_model(model: nn.Sequential, frozen_fraction: float) -> tuple[nn.Sequential, nn.Sequential]:
    """The part that stays frozen, and the rest; both share the model's weights.

    Args:
        frozen_fraction: of the modules before the features, in [0, 1].
    """
    frozen = round(frozen_fraction * (len(model) - 2))
    return model[:frozen], model[frozen:]
