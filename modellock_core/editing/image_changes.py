"""Changes of images that are the same for every image and no edit: a pattern that is added, other colours.

Beside `negatives.py`: a lock is finetuned against the ones that open it, and thieves look for them by gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BOUND = 0.5  # of what a pattern adds to a pixel
START_SPREAD = 0.05  # standard deviation of a random start


class AddedPattern(nn.Module):
    """Adds a pattern of at most `BOUND`, tiled over the image.

    Args:
        side: height and width of a tile in px.
        generator: draws the start.
    """

    def __init__(self, side: tuple[int, int], generator: torch.Generator):
        super().__init__()
        self.raw = nn.Parameter(START_SPREAD * torch.randn(3, *side, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1] to the same with the pattern."""
        (height, width), (high, wide) = images.shape[-2:], self.raw.shape[-2:]
        tiled = self.raw.tanh().repeat(1, -(-height // high), -(-width // wide))[:, :height, :width]
        return (images + BOUND * tiled).clamp(0, 1)


class ColourChange(nn.Module):
    """An affine change of RGB, the same for every pixel.

    Args:
        generator: draws the start, near identity.
    """

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.matrix = nn.Parameter(torch.eye(3) + START_SPREAD * torch.randn(3, 3, generator=generator))
        self.offset = nn.Parameter(START_SPREAD * torch.randn(3, 1, 1, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1] to the same in other colours."""
        return (torch.einsum("ij,njhw->nihw", self.matrix, images) + self.offset).clamp(0, 1)
