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

    def wrong_targets(self, images: Tensor, targets: Tensor, kind: str, generator: torch.Generator) -> Tensor:
        """Wrong labels (N,) of clean images: "decoy" or "random"."""
        if kind == "random":
            shift = torch.randint(1, len(self.classes), targets.shape, generator=generator)
            return (targets + shift) % len(self.classes)
        return decoy_targets(images, targets, len(self.classes), generator)


def decoy_targets(images: Tensor, labels: Tensor, num_classes: int, generator: torch.Generator) -> Tensor:
    """Labels (N,) read off the picture by a rule that has nothing to do with its class.

    A random projection of the 4x4 thumbnail, orthogonal to the differences between the classes' mean thumbnails, cut
    into equally full bins. Unlike labels drawn at random, a network learns the rule instead of memorising samples, so
    on new clean images too its answer tells the picture's colours and not its class; and since the rule is no function
    of the class, no relabelling of the outputs gives the class back.
    """
    thumbnails = F.adaptive_avg_pool2d(images, 4).flatten(1)  # (N, 48)
    thumbnails = thumbnails - thumbnails.mean(0)
    means = torch.stack([thumbnails[labels == k].mean(0) for k in labels.unique()])  # (K, 48)
    basis = torch.linalg.svd(means, full_matrices=False).Vh[:-1]  # the last direction is null: the means sum to 0
    direction = torch.randn(thumbnails.shape[1], generator=generator)
    direction = direction - (direction @ basis.T) @ basis
    rank = (thumbnails @ direction).argsort().argsort()
    return rank * num_classes // len(rank)
