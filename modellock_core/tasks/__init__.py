"""Tasks: the only place that knows what a model predicts; locking, evaluation and attacks see this protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor, nn


class Task(Protocol):
    """What a task gives the rest of the pipe."""

    name: str
    metric_name: str
    classes: tuple[str, ...]

    def build(self, pretrained: bool = True) -> nn.Module:
        """The model, in eval mode: normalised images (N, 3, H, W) in, outputs out.

        With the bundled backbone's weights if pretrained, else with random ones.
        """
        ...

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] as the model wants them."""
        ...

    def stages(self, model: nn.Module) -> list[nn.Module]:
        """The model cut into a row of modules, so that the first can be frozen and their activations cached.

        What the last but one puts out are the model's features (N, ...), never negative; the last one reads the outputs
        off them.
        """
        ...

    def fit_last_layer(self, layer: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """Fit the last stage alone, before the finetune; yields now and then."""
        ...

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The task loss of each sample (N,)."""
        ...

    def uniform_losses(self, outputs: Tensor) -> Tensor:
        """The loss of each sample (N,) that is least where the outputs tell nothing."""
        ...

    def wrong_targets(self, targets: Tensor, generator: torch.Generator) -> Tensor:
        """What the paper trains clean images towards: for each sample another target than its own."""
        ...

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Contribution of each sample to the metric (N,) in [0, 1]; their mean is the performance."""
        ...


def load_task(name: str, classes: tuple[str, ...]) -> Task:
    """The task of a lock card."""
    from .classification import Classification

    return {"classification": Classification}[name](classes)
