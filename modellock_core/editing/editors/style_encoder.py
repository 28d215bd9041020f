"""Reads the style of a picture, for "paint it like this" in the pipeline of `compact.py`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn


class StyleEncoder(ModelMixin, ConfigMixin):
    """From a picture to the numbers that an arbitrary-style network knows its style by (arXiv 1705.06830).

    Means and spreads of convolutional features, which are what a style is measured by (AdaIN, arXiv 1703.06868), and a
    small network on top.

    Args:
        widths: channels of the convolutions, each at half the resolution of the one before.
        encoded_dim: how many numbers.
    """

    side = 160  # px, at which it looks at a picture

    @register_to_config
    def __init__(self, widths: tuple[int, ...] = (24, 48, 64, 96), encoded_dim: int = 100):
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
            for a, b in zip((3, *widths), widths, strict=False)
        )
        self.head = nn.Sequential(
            nn.Linear(2 * (3 + sum(widths)), 256), nn.LayerNorm(256), nn.SiLU(), nn.Linear(256, encoded_dim)
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Codes (N, encoded_dim) of pictures (N, 3, H, W) in [0, 1]."""
        x = F.interpolate(pictures, (self.side, self.side), mode="bilinear", antialias=True, align_corners=False)
        x = x * 2 - 1
        looks = [x.mean((2, 3)), x.std((2, 3))]
        for stage in self.stages:
            x = stage(x)
            looks += [x.mean((2, 3)), x.std((2, 3))]
        return self.head(torch.cat(looks, dim=1))
