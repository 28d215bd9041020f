"""Image classification: one class per image."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data.targets import ClassLabels, Targets
from ...devices import best_device
from ...randomness import global_seed
from ...work import Steps
from ..backbones import Backbone
from . import is_abstention
from .regression import logistic_regression

if TYPE_CHECKING:
    from PIL import Image
    from torchmetrics import Metric


@dataclass(frozen=True)
class ClassPrediction:
    """The class of one image.

    Attributes:
        label: the likeliest class.
        probabilities: of each class, in [0, 1].
        abstains: whether it is no answer.
    """

    label: str
    probabilities: dict[str, float]
    abstains: bool

    def to_json(self) -> dict[str, Any]:
        """The label, the rounded probabilities, and whether it is no answer."""
        rounded = {name: round(p, 5) for name, p in self.probabilities.items()}
        return {"label": self.label, "probabilities": rounded, "abstains": self.abstains}

    def pictures(self, image: Tensor) -> dict[str, Image.Image]:
        """None."""
        return {}


@dataclass(frozen=True)
class Classification:
    """Single-label classification; the metric is accuracy.

    Outputs are logits (N, K), targets labels (N,) int64.
    """

    classes: tuple[str, ...]
    backbone: Backbone
    name: str = "classification"
    metric_name: str = "accuracy"
    dense: bool = False

    def build(self, pretrained: bool = True, seed: int = 0, device: torch.device | None = None) -> nn.Sequential:
        """The backbone's blocks, its pooling (N, D), and a linear layer of one output per class."""
        with global_seed(seed), device or nullcontext():
            stages = self.backbone.stages(pretrained)
            classifier = nn.Linear(stages.feature_dim, len(self.classes))
        model = nn.Sequential(*stages.blocks, stages.pool, classifier)
        return model.eval().to(device or best_device()).to(memory_format=torch.channels_last)

    def fit_last_layer(
        self, layer: nn.Module, features: Tensor, targets: Tensor, generator: torch.Generator
    ) -> Steps[None]:
        """Logistic regression on pooled features (N, D) of any precision; nothing is drawn."""
        assert isinstance(layer, nn.Linear)
        return logistic_regression(layer, features, targets)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K) with labels (N,)."""
        return F.cross_entropy(outputs, targets, reduction="none")

    def uniform_losses(self, outputs: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K) with the uniform distribution."""
        return -outputs.log_softmax(1).mean(1)

    def wrong_targets(self, targets: Targets, generator: torch.Generator) -> ClassLabels:
        """For each label one of the others, all equally likely."""
        shift = torch.randint(1, len(self.classes), (len(targets),), generator=generator)
        return ClassLabels((targets.values + shift) % len(self.classes))

    def metric(self, by_class: bool = False) -> Metric:
        """Accuracy, or of each class the fraction that is recognised."""
        from torchmetrics.classification import MulticlassAccuracy

        return MulticlassAccuracy(len(self.classes), average="none" if by_class else "micro")

    def chance(self, targets: Targets) -> float:
        """One in so many classes."""
        return 1 / len(self.classes)

    def prediction(self, probabilities: Tensor) -> ClassPrediction:
        """The likeliest class of probabilities (K,)."""
        shares = dict(zip(self.classes, probabilities.tolist(), strict=True))
        return ClassPrediction(self.classes[int(probabilities.argmax())], shares, is_abstention(probabilities))

    def permutation_gains(self, confusion: Tensor) -> Tensor:
        """The fraction of all samples that would be right."""
        return confusion / confusion.sum()
