"""Tasks: the only place that knows what a model predicts; locking, evaluation and attacks see this protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ...data.options import TASKS
from ...errors import ModelLockError

if TYPE_CHECKING:  # so that the command line knows the names without loading torch
    import torch
    from PIL import Image
    from torch import Tensor, nn
    from torchmetrics import Metric

    from ...data.targets import Targets
    from ...work import Steps
    from ..backbones import Backbone


class Prediction(Protocol):
    """The answer to one image.

    Attributes:
        abstains: whether it is no answer, see `is_abstention`.
    """

    @property
    def abstains(self) -> bool: ...

    def to_json(self) -> dict[str, Any]:
        """What the command line prints of it."""
        ...

    def pictures(self, image: Tensor) -> dict[str, Image.Image]:
        """The answer as pictures by kind ("mask", "overlay") on its image (3, H, W) in [0, 1]; often none."""
        ...


class Task(Protocol):
    """What a task gives the rest of the pipe; outputs are logits (N, K, ...), targets what `Targets.values` holds.

    Attributes:
        dense: whether a model's features and outputs are maps, an answer for each pixel, and not one for each image.
    """

    @property
    def name(self) -> str: ...

    @property
    def dense(self) -> bool: ...

    @property
    def metric_name(self) -> str: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    @property
    def backbone(self) -> Backbone: ...

    def build(self, pretrained: bool = True, seed: int = 0, device: torch.device | None = None) -> nn.Sequential:
        """The model on a device, the best by default, in eval mode: normalised images in, outputs out.

        A row of modules, so that the first can be frozen and their outputs cached. What the last but one puts out are
        the model's features; the last one reads the outputs off them. What is new is drawn by the seed.

        Raises:
            ModelLockError: the backbone's weights are not there, or it has no feature maps for this task.
        """
        ...

    def fit_last_layer(
        self, layer: nn.Module, features: Tensor, targets: Tensor, generator: torch.Generator
    ) -> Steps[None]:
        """Fit the last module alone, in place, before the finetune, to features and targets of N samples."""
        ...

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The task loss of each sample (N,)."""
        ...

    def uniform_losses(self, outputs: Tensor) -> Tensor:
        """Cross-entropy with the uniform distribution, of each sample (N,): least where the outputs tell nothing."""
        ...

    def wrong_targets(self, targets: Targets, generator: torch.Generator) -> Targets:
        """What the paper trains clean images towards: for each sample another target than its own."""
        ...

    def metric(self, by_class: bool = False) -> Metric:
        """A new metric of outputs and targets; it computes the performance, a fraction, or that of each class (K,)."""
        ...

    def chance(self, targets: Targets) -> float:
        """The performance of whoever guesses."""
        ...

    def prediction(self, probabilities: Tensor) -> Prediction:
        """The answer to one image, from its probabilities (K, ...)."""
        ...

    def permutation_gains(self, confusion: Tensor) -> Tensor:
        """What it brings to the performance to call the guess j class i, for all i, j (K, K).

        Args:
            confusion: (K, K), how often the target i got the guess j.
        """
        ...


def is_abstention(probabilities: Tensor) -> bool:
    """Whether probabilities (K, ...) are no answer.

    On average the likeliest class is less than twice as likely as by guessing; of two classes, less likely than 3/4,
    which is halfway from guessing to being sure.
    """
    guessing = 1 / len(probabilities)
    return float(probabilities.amax(0).mean()) < min(2 * guessing, (1 + guessing) / 2)


def load_task(name: str, classes: tuple[str, ...], backbone: Backbone) -> Task:
    """A task by name.

    Args:
        name: one of `TASKS`.
        classes: names of the K classes; of a segmentation, the background first.
        backbone: what the model is made of.

    Raises:
        ModelLockError: there is no such task.
    """
    if name == "classification":
        from .classification import Classification

        return Classification(classes, backbone)
    if name == "segmentation":
        from .segmentation import Segmentation

        return Segmentation(classes, backbone)
    raise ModelLockError(f"there is no task {name!r}; choose one of {', '.join(TASKS)}")
