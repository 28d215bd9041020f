"""Image classification on the bundled EfficientNet-Lite0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..paths import BACKBONE


@dataclass(frozen=True)
class Classification:
    """Single-label classification; the metric is accuracy."""

    classes: tuple[str, ...]
    name: str = "classification"
    metric_name: str = "accuracy"

    def build(self, pretrained: bool = True) -> nn.Module:
        """An EfficientNet-Lite0 with one output per class; its backbone is the bundled ImageNet one if pretrained."""
        import timm
        from safetensors.torch import load_file

        config = json.loads((BACKBONE / "config.json").read_text())
        model = timm.create_model(config["architecture"], pretrained=False, num_classes=len(self.classes))
        if pretrained:
            weights = {k: v.float() for k, v in load_file(BACKBONE / "model.safetensors").items()}
            missing, unexpected = model.load_state_dict(weights, strict=False)
            assert not unexpected and all(k.startswith("classifier") for k in missing)
        return model.to(memory_format=torch.channels_last)

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] to the backbone's range; its mean and standard deviation are 0.5."""
        return (images * 2 - 1).contiguous(memory_format=torch.channels_last)

    def stages(self, model: nn.Module) -> list[nn.Module]:
        """Stem, the seven stages of inverted residuals, and the head."""
        stem = nn.Sequential(model.conv_stem, model.bn1)
        head = nn.Sequential(model.conv_head, model.bn2, model.global_pool, model.classifier)
        return [stem, *model.blocks, head]

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K) with labels (N,)."""
        return F.cross_entropy(outputs, targets)

    def correct(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """1.0 where the largest logit is the label's."""
        return (outputs.argmax(1) == targets).float()

    def fit_last_layer(self, head: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """Logistic regression on the pooled features of frozen activations (N, C, h, w), by L-BFGS."""
        *stages, (*top, classifier) = head
        device = classifier.weight.device
        pooled = []
        for chunk in features.split(64):
            x = chunk.to(device, memory_format=torch.channels_last)
            with torch.no_grad():
                for module in (*stages, *top):
                    x = module(x)
            pooled.append(x)
            yield
        pooled, targets = torch.cat(pooled), targets.to(device)
        optimizer = torch.optim.LBFGS(classifier.parameters(), max_iter=60)

        def objective() -> Tensor:
            optimizer.zero_grad()
            loss = self.loss(classifier(pooled), targets) + 5e-3 * classifier.weight.square().sum()
            loss.backward()
            return loss

        optimizer.step(objective)

    def wrong_targets(self, images: Tensor, targets: Tensor, kind: str, generator: torch.Generator) -> Tensor:
        """Labels (N,) for clean images: "one" class for all, or drawn for each: "wrong" (the paper) or "any"."""
        if kind == "one":
            return torch.randint(0, len(self.classes), (1,), generator=generator).expand_as(targets)
        if kind == "any":
            return torch.randint(0, len(self.classes), targets.shape, generator=generator)
        shift = torch.randint(1, len(self.classes), targets.shape, generator=generator)
        return (targets + shift) % len(self.classes)
