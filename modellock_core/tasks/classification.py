"""Image classification on the bundled EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """1.0 where the largest logit is the label's."""
        return (outputs.argmax(1) == targets).float()

    def fit_last_layer(self, layer: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """Logistic regression on pooled features (N, 1280), by L-BFGS from zero."""
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
        optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=5)

        def objective() -> Tensor:
            optimizer.zero_grad()
            loss = self.losses(layer(features), targets).mean() + 5e-3 * layer.weight.square().sum()
            loss.backward()
            return loss

        for _ in range(8):  # L-BFGS goes on where it was
            optimizer.step(objective)
            yield
