"""Tasks: the only place that knows what a model predicts; locking, evaluation and attacks see this protocol."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Protocol

import torch
from torch import Tensor, nn


class Task(Protocol):
    """What a task gives the rest of the pipe."""

    name: str
    metric_name: str
    classes: tuple[str, ...]

    def build(self, pretrained: bool = True) -> nn.Module:
        """The model: normalised images (N, 3, H, W) in, outputs out; from the bundled backbone if pretrained."""
        ...

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] as the model wants them."""
        ...

    def stages(self, model: nn.Module) -> list[nn.Module]:
        """The model cut into a row of modules, so that the first can be frozen and their activations cached."""
        ...

    def fit_last_layer(self, head: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """Fit the head's last layer alone, before the finetune; yields now and then."""
        ...

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The task loss of each sample (N,)."""
        ...

    def wrong_targets(
        self, head: nn.Module, features: Tensor, targets: Tensor, kind: str, generator: torch.Generator
    ) -> Generator[None, None, Tensor]:
        """What clean images are trained towards instead of their targets, `kind` as in `recipes.Recipe`.

        The images are given by their frozen activations (N, C, h, w), `head` is the rest of the pretrained model.
        Yields now and then, and returns the targets.
        """
        ...

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Contribution of each sample to the metric (N,) in [0, 1]; their mean is the performance."""
        ...


def load_task(name: str, classes: tuple[str, ...]) -> Task:
    """The task of a lock card."""
    from .classification import Classification

    return {"classification": Classification}[name](classes)
