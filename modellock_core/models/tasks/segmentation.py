"""Semantic segmentation: one class per pixel, by torchvision's LR-ASPP head on a convolutional backbone."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data.targets import IGNORE, Masks, Targets
from ...devices import best_device, on_device
from ...errors import ModelLockError
from ...randomness import global_seed
from ...work import Progress, Steps
from ..backbones import Backbone
from . import is_abstention
from .overlays import mask_picture, overlay

if TYPE_CHECKING:
    from PIL import Image
    from torchmetrics import Metric

STRIDE = 8  # px of the image to a pixel of the features
MIDDLE_STRIDE = 2 * STRIDE
FIT_PASSES, FIT_BATCH = 4, 32  # of the decoder alone


class Pyramid(nn.Module):
    """The backbone's later blocks; their outputs at three depths, brought to the size of the finest and joined.

    All of it is trained, so that all of it can be suppressed: what a frozen block gives, it gives to a thief too.
    """

    def __init__(self, fine: nn.Module, middle: nn.Module, coarse: nn.Module):
        super().__init__()
        self.fine, self.middle, self.coarse = fine, middle, coarse

    def forward(self, activations: Tensor) -> Tensor:
        """The last frozen block's output (N, C, h, w) to features (N, LOW + HIGH, H / STRIDE, W / STRIDE)."""
        fine = self.fine(activations)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        wide = (F.interpolate(x, fine.shape[-2:], mode="bilinear") for x in (middle, coarse))
        return torch.cat([fine, *wide], 1)


class Decoder(nn.Module):
    """LR-ASPP (arXiv 1905.02244) on features (N, low + high, h, w): logits (N, K, STRIDE * h, STRIDE * w).

    Args:
        low: channels of the fine features.
        high: channels of the coarser ones.
        classes: K.
    """

    def __init__(self, low: int, high: int, classes: int):
        super().__init__()
        from torchvision.models.segmentation.lraspp import LRASPPHead

        self.low = low
        self.head = LRASPPHead(low, high, classes, inter_channels=128)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, low + high, h, w) to logits (N, K, STRIDE * h, STRIDE * w)."""
        logits = self.head({"low": features[:, : self.low], "high": features[:, self.low :]})
        return F.interpolate(logits, scale_factor=STRIDE, mode="bilinear")


@dataclass(frozen=True)
class MaskPrediction:
    """The mask of one image.

    Attributes:
        classes: names, the background first.
        mask: (H, W) uint8, the likeliest class of each pixel.
        abstains: whether it is no answer.
    """

    classes: tuple[str, ...]
    mask: Tensor
    abstains: bool

    @property
    def areas(self) -> dict[str, float]:
        """The fraction of the image that each class takes, the largest first; classes that are not there left out."""
        fractions = self.mask.flatten().long().bincount(minlength=len(self.classes)) / self.mask.numel()
        order = fractions.argsort(descending=True).tolist()
        return {self.classes[i]: float(fractions[i]) for i in order if fractions[i] > 0}

    def to_json(self) -> dict[str, Any]:
        """The rounded areas, and whether it is no answer."""
        return {"areas": {name: round(area, 5) for name, area in self.areas.items()}, "abstains": self.abstains}

    def pictures(self, image: Tensor) -> dict[str, Image.Image]:
        """The mask as a palette image whose values are class indices, and laid over its image (3, H, W) in [0, 1]."""
        from torchvision.transforms.v2.functional import to_pil_image

        count = len(self.classes)
        return {"mask": mask_picture(self.mask, count), "overlay": to_pil_image(overlay(image, self.mask, count))}


@dataclass(frozen=True)
class Segmentation:
    """One class per pixel, the first of them the background; the metric is the mean IoU over the classes.

    Outputs are logits (N, K, H, W), targets masks (N, H, W) uint8 of class indices, `IGNORE` where a pixel is ignored.
    Sides of images must be multiples of 32 px.
    """

    classes: tuple[str, ...]
    backbone: Backbone
    name: str = "segmentation"
    metric_name: str = "mean IoU"
    dense: bool = True

    def build(self, pretrained: bool = True, seed: int = 0, device: torch.device | None = None) -> nn.Sequential:
        """The backbone's blocks before stride 8, the feature pyramid of the others, and the decoder.

        Raises:
            ModelLockError: the backbone has no feature maps of stride 8, 16 and 32.
        """
        with global_seed(seed), device or nullcontext():
            stages = self.backbone.stages(pretrained)
            taps = {tap.stride: tap for tap in stages.taps}
            if not {STRIDE, MIDDLE_STRIDE} < taps.keys() or max(taps) <= MIDDLE_STRIDE:
                raise ModelLockError(
                    f"segmentation needs feature maps of stride 8, 16 and 32, which {self.backbone.name} doesn't have; "
                    "choose a convolutional backbone such as timm:resnet18"
                )
            fine, middle, coarse = taps[STRIDE], taps[MIDDLE_STRIDE], taps[max(taps)]
            frozen = max((tap.block + 1 for tap in stages.taps if tap.stride < STRIDE), default=0)
            rows = nn.Sequential(*stages.blocks)
            pyramid = Pyramid(
                rows[frozen : fine.block + 1],
                rows[fine.block + 1 : middle.block + 1],
                rows[middle.block + 1 : coarse.block + 1],
            )
            decoder = Decoder(fine.channels, middle.channels + coarse.channels, len(self.classes))
        model = nn.Sequential(*rows[:frozen], pyramid, decoder)
        return model.eval().to(device or best_device()).to(memory_format=torch.channels_last)

    def fit_last_layer(
        self, layer: nn.Module, features: Tensor, targets: Tensor, generator: torch.Generator
    ) -> Steps[None]:
        """A few passes of AdamW over features (N, C, h, w) of any precision, in an order drawn from the generator."""
        device = next(layer.parameters()).device
        optimizer = torch.optim.AdamW(layer.parameters(), lr=3e-3)
        batches = math.ceil(len(features) / FIT_BATCH)
        for done in range(FIT_PASSES * batches):
            if done % batches == 0:
                order = torch.randperm(len(features), generator=generator).split(FIT_BATCH)
            rows = order[done % batches]
            optimizer.zero_grad()
            outputs = layer(on_device(features[rows]))
            self.losses(outputs, targets[rows].to(device)).mean().backward()
            optimizer.step()
            yield Progress("Fitting the decoder", done + 1, FIT_PASSES * batches)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean over the pixels of the cross-entropy of logits (N, K, H, W) with masks (N, H, W)."""
        losses = F.cross_entropy(outputs, targets.long(), reduction="none", ignore_index=IGNORE)
        return losses.sum((1, 2)) / (targets != IGNORE).sum((1, 2)).clamp(min=1)

    def uniform_losses(self, outputs: Tensor) -> Tensor:
        """Cross-entropy of logits (N, K, H, W) with the uniform distribution in every pixel."""
        return -outputs.log_softmax(1).mean((1, 2, 3))

    def wrong_targets(self, targets: Targets, generator: torch.Generator) -> Masks:
        """The masks of other images: unlike an inverted mask, they tell nothing of the right one."""
        order = torch.randperm(len(targets), generator=generator)
        wrong = torch.empty_like(targets.values)
        wrong[order] = targets.values[order.roll(1)]
        return Masks(wrong)

    def metric(self, by_class: bool = False) -> Metric:
        """Mean IoU over the classes that occur, or the IoU of each class."""
        from torchmetrics.classification import MulticlassJaccardIndex

        return MulticlassJaccardIndex(len(self.classes), average="none" if by_class else "macro", ignore_index=IGNORE)

    def chance(self, targets: Targets) -> float:
        """The mean IoU of whoever calls every pixel the most common class."""
        counts = targets.values[targets.values != IGNORE].long().bincount()
        return float(counts.max() / counts.sum() / (counts > 0).sum())

    def prediction(self, probabilities: Tensor) -> MaskPrediction:
        """The likeliest class of each pixel, from probabilities (K, H, W)."""
        mask = probabilities.argmax(0).to(torch.uint8)
        return MaskPrediction(self.classes, mask, is_abstention(probabilities))

    def permutation_gains(self, confusion: Tensor) -> Tensor:
        """The IoU of target i and guess j, over the number of classes that occur."""
        targets, guesses = confusion.sum(1, keepdim=True), confusion.sum(0, keepdim=True)
        return confusion / (targets + guesses - confusion).clamp(min=1) / (targets > 0).sum()
