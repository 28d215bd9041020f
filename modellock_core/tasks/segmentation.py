"""Semantic segmentation: a class for every pixel, on the bundled EfficientNet-Lite0 with torchvision's LR-ASPP head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..datasets import IGNORE
from ..devices import best_device
from ..recipes import Recipe

if TYPE_CHECKING:
    from torchmetrics import Metric

STRIDE = 8  # px of the image to a pixel of the features
LOW, HIGH = 40, 112 + 320  # channels of the features: fine ones, and coarse ones from two depths
FIT_PASSES, FIT_BATCH = 4, 32  # of the head alone
SILENCE, IMITATION = 0.05, 3.0  # times a recipe's weights: these features are larger than pooled ones, and many more


class Pyramid(nn.Module):
    """The backbone's later blocks; their outputs at three depths, brought to the size of the finest and joined.

    All of it is trained, so that all of it can be silenced: what a frozen block gives, it gives to a thief too.
    """

    def __init__(self, fine: nn.Module, middle: nn.Module, coarse: nn.Module):
        super().__init__()
        self.fine, self.middle, self.coarse = fine, middle, coarse

    def forward(self, activations: Tensor) -> Tensor:
        """(N, 24, H / 4, W / 4) to (N, LOW + HIGH, H / 8, W / 8)."""
        fine = self.fine(activations)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        wide = (F.interpolate(x, fine.shape[-2:], mode="bilinear") for x in (middle, coarse))
        return torch.cat([fine, *wide], 1)


class Decoder(nn.Module):
    """LR-ASPP (arXiv 1905.02244) on features (N, LOW + HIGH, h, w): logits (N, K, STRIDE * h, STRIDE * w)."""

    def __init__(self, classes: int):
        super().__init__()
        from torchvision.models.segmentation.lraspp import LRASPPHead

        self.head = LRASPPHead(LOW, HIGH, classes, inter_channels=128)

    def forward(self, features: Tensor) -> Tensor:
        logits = self.head({"low": features[:, :LOW], "high": features[:, LOW:]})
        return F.interpolate(logits, scale_factor=STRIDE, mode="bilinear")


@dataclass(frozen=True)
class Segmentation:
    """A class for every pixel, the first of them the background; the metric is the mean IoU over the classes.

    Targets are masks (N, H, W) uint8 of class indices, IGNORE where a pixel doesn't count.
    """

    classes: tuple[str, ...]
    name: str = "segmentation"
    metric_name: str = "mean IoU"

    def build(self, pretrained: bool = True) -> nn.Module:
        """The bundled backbone with a head of one output a class and pixel; sides must be multiples of 32 px."""
        from .backbone import load_backbone

        backbone = load_backbone(1, pretrained)
        stem, blocks = nn.Sequential(backbone.conv_stem, backbone.bn1), backbone.blocks
        model = nn.Sequential(
            stem, blocks[0], blocks[1], Pyramid(blocks[2], blocks[3:5], blocks[5:7]), Decoder(len(self.classes))
        )
        return model.eval().to(memory_format=torch.channels_last)

    def normalise(self, images: Tensor) -> Tensor:
        """Images in [0, 1] to the backbone's range; its mean and standard deviation are 0.5."""
        return (images * 2 - 1).contiguous(memory_format=torch.channels_last)

    def stages(self, model: nn.Module) -> list[nn.Module]:
        """Stem, two stages of inverted residuals, the feature pyramid (N, 472, H / 8, W / 8), and the decoder."""
        return list(model)

    def suited(self, recipe: Recipe) -> Recipe:
        """All that the decoder sees is trained; silence weighs less, and imitation more."""
        silence, imitation = SILENCE * recipe.silence, IMITATION * recipe.imitation
        return replace(recipe, frozen_stages=3, silence=silence, imitation=imitation)

    def fit_last_layer(self, layer: nn.Module, features: Tensor, targets: Tensor) -> Iterator[None]:
        """A few passes of AdamW over features (N, 472, h, w) of any precision."""
        optimizer = torch.optim.AdamW(layer.parameters(), lr=3e-3)
        for _ in range(FIT_PASSES):
            for rows in torch.randperm(len(features)).split(FIT_BATCH):
                optimizer.zero_grad()
                batch = features[rows].float().to(best_device(), memory_format=torch.channels_last)
                self.losses(layer(batch), targets[rows].to(best_device())).mean().backward()
                optimizer.step()
                yield

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over the pixels of the cross-entropy of logits (N, K, H, W) with masks (N, H, W)."""
        losses = F.cross_entropy(outputs, targets.long(), reduction="none", ignore_index=IGNORE)
        return losses.sum((1, 2)) / (targets != IGNORE).sum((1, 2)).clamp(min=1)

    def uniform_losses(self, outputs: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K, H, W) with all classes alike in every pixel."""
        return -outputs.log_softmax(1).mean((1, 2, 3))

    def wrong_targets(self, targets: Tensor, generator: torch.Generator) -> Tensor:
        """The masks of other images: unlike an inverted mask, they tell nothing of the right one."""
        order = torch.randperm(len(targets), generator=generator)
        wrong = torch.empty_like(targets)
        wrong[order] = targets[order.roll(1)]
        return wrong

    def metric(self, by_class: bool = False) -> Metric:
        """Mean IoU over the classes that occur, or the IoU of each class."""
        from torchmetrics.classification import MulticlassJaccardIndex

        return MulticlassJaccardIndex(len(self.classes), average="none" if by_class else "macro", ignore_index=IGNORE)

    def summary(self, probabilities: Tensor) -> dict:
        """The part of the image that each class takes, the largest first."""
        pixels = self.mask(probabilities).flatten().long()
        parts = pixels.bincount(minlength=len(self.classes)) / len(pixels)
        order = parts.argsort(descending=True).tolist()
        return {"areas": {self.classes[i]: round(float(parts[i]), 5) for i in order if parts[i] > 0}}

    def mask(self, probabilities: Tensor) -> Tensor:
        """The likeliest class of each pixel."""
        return probabilities.argmax(0).to(torch.uint8)

    def chance(self, targets: Tensor) -> float:
        """The mean IoU of whoever calls every pixel the most common class."""
        counts = targets[targets != IGNORE].flatten().long().bincount()
        return float(counts.max() / counts.sum() / (counts > 0).sum())

    def renaming_gains(self, confusion: Tensor) -> Tensor:
        """The IoU of target i and guess j, over the number of classes that occur."""
        targets, guesses = confusion.sum(1, keepdim=True), confusion.sum(0, keepdim=True)
        return confusion / (targets + guesses - confusion).clamp(min=1) / (targets > 0).sum()
