"""Tasks: the only place that knows what a model predicts; locking, evaluation and attacks see this protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ..recipes import Recipe

if TYPE_CHECKING:  # so that the command line knows the names without loading torch
    import torch
    from torch import Tensor, nn
    from torchmetrics import Metric

TASKS = ("classification", "segmentation")


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

        What the last but one puts out are the model's features (N, ...); the last one reads the outputs off them.
        """
        ...

    def suited(self, recipe: Recipe) -> Recipe:
        """A recipe with what this task needs otherwise."""
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

    def metric(self, by_class: bool = False) -> Metric:
        """A new metric of outputs and targets; it computes the performance, a fraction, or that of each class (K,)."""
        ...

    def chance(self, targets: Tensor) -> float:
        """The performance of whoever guesses."""
        ...

    def summary(self, probabilities: Tensor) -> dict:
        """What is printed of the answer (K, ...) to one image."""
        ...

    def mask(self, probabilities: Tensor) -> Tensor | None:
        """The answer (K, H, W) to one image as class indices (H, W) uint8; None where a task answers with no mask."""
        ...

    def renaming_gains(self, confusion: Tensor) -> Tensor:
        """What it brings to the performance to call the guess j class i, for all i, j (K, K).

        Args:
            confusion: (K, K), how often the target i got the guess j.
        """
        ...


def load_task(name: str, classes: tuple[str, ...]) -> Task:
    """The task of a lock card."""
    from .classification import Classification
    from .segmentation import Segmentation

    return {"classification": Classification, "segmentation": Segmentation}[name](classes)
