"""Image classification on the bundled EfficientNet-Lite0."""

from __future__ import annotations

import json
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
