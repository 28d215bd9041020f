"""Image classification on the bundled EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..recipes import Recipe
from .regression import logistic_regression

if TYPE_CHECKING:
    from torchmetrics import Metric


@dataclass(frozen=True)
class Classification:
    """Single-label classification; the metric is accuracy."""

    classes: tuple[str, ...]
    name: str = "classification"
    metric_name: str = "accuracy"

    def build(self, pretrained: bool = True) -> nn.Module:
        """The bundled backbone with one output per class."""
        from .backbone import load_backbone

        return load_backbone(len(self.classes), pretrained)

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] to the backbone's range; its mean and standard deviation are 0.5."""
        return (images * 2 - 1).contiguous(memory_format=torch.channels_last)

    def stages(self, model: nn.Module) -> list[nn.Module]:
        """Stem, the seven stages of inverted residuals, the pooled features (N, 1280), and the classifier."""
        stem = nn.Sequential(model.conv_stem, model.bn1)
        features = nn.Sequential(model.conv_head, model.bn2, model.global_pool)
        return [stem, *model.blocks, features, model.classifier]

    def suited(self, recipe: Recipe) -> Recipe:
        """The recipe itself: recipes are made for this task."""
        return recipe

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K) with labels (N,)."""
        return F.cross_entropy(outputs, targets, reduction="none")

    def uniform_losses(self, outputs: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K) with all classes alike."""
        return -outputs.log_softmax(1).mean(1)

    def wrong_targets(self, targets: Tensor, generator: torch.Generator) -> Tensor:
        """For each label (N,) one of the others, all equally likely."""
        shift = torch.randint(1, len(self.classes), targets.shape, generator=generator)
        return (targets + shift) % len(self.classes)

    def metric(self, by_class: bool = False) -> Metric:
        """Accuracy, or of each class the part that is recognised."""
        from torchmetrics.classification import MulticlassAccuracy

        return MulticlassAccuracy(len(self.classes), average="none" if by_class else "micro")

    def summary(self, probabilities: Tensor) -> dict:
        """The likeliest class, and all probabilities (K,)."""
        return {
            "label": self.classes[int(probabilities.argmax())],
            "probabilities": {c: round(float(p), 5) for c, p in zip(self.classes, probabilities, strict=True)},
        }

    def mask(self, probabilities: Tensor) -> None:
        """None."""
        return None

    def chance(self, targets: Tensor) -> float:
        """One in so many classes."""
        return 1 / len(self.classes)

    def renaming_gains(self, confusion: Tensor) -> Tensor:
        """The part of all samples that would be right."""
        return confusion / confusion.sum()

    def fit_last_layer(self, layer: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """Logistic regression on pooled features (N, 1280)."""
        return logistic_regression(layer, features.float(), targets)
