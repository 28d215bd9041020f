"""Finds the subject of a picture, so that the compact editor can put an object behind it.

Called by the pipeline in `compact_pipeline.py`, once an edit that has an object.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.GroupNorm(8, outputs), nn.SiLU()
    )


class SubjectFinder(ModelMixin, ConfigMixin):
    """A small U-Net (arXiv 1505.04597) from an image to a matte of its subject.

    Args:
        widths: channels at a half of the resolution, a quarter, and so on.
    """

    sides = (128, 256)  # px, short sides it works at; it was trained between them
    unsure, sure = 0.1, 0.5  # a pixel less likely than the first is background, from the second on it is subject

    @register_to_config
    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96, 128)):
        super().__init__()
        self.start = _block(3, widths[0], stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_block(a, b, stride=2), _block(b, b)) for a, b in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(
            nn.Sequential(_block(a + b, b), _block(b, b)) for a, b in zip(widths[1:], widths, strict=False)
        )
        self.out = nn.Conv2d(widths[0], 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, 1, H, W) of images (N, 3, H, W) in [0, 1]; sides are multiples of 32."""
        x = self.start((images * 2 - 1).contiguous(memory_format=torch.channels_last))
        skips = []
        for block in self.down:
            skips.append(x)
            x = block(x)
        for block in reversed(self.up):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear")
            x = block(torch.cat([x, skips.pop()], dim=1))
        return self.shuffle(self.out(x))

    def matte(self, images: Tensor) -> Tensor:
        """How much each pixel of images (N, 3, H, W) in [0, 1], of any size, is subject: (N, 1, H, W) in [0, 1]."""
        short = min(images.shape[-2:])
        wanted = min(max(short, self.sides[0]), self.sides[1])
        sides = [max(32, round(side * wanted / short / 32) * 32) for side in images.shape[-2:]]
        small = F.interpolate(images, sides, mode="bilinear", antialias=True, align_corners=False)
        logits = self(small.to(self.dtype)).float()
        likely = F.interpolate(logits, images.shape[-2:], mode="bilinear", align_corners=False).sigmoid()
        return ((likely - self.unsure) / (self.sure - self.unsure)).clamp(0, 1)
