"""The noise that sampling starts from: the same seed gives the same strokes at any size."""

from __future__ import annotations

import torch
from torch import Tensor

from ...data.images import resized

NOISE_CELLS = 128  # of the start noise, along the short side


def start_noise(generator: torch.Generator, height: int, width: int) -> Tensor:
    """The noise that sampling starts from: (1, 3, height, width) float32, of unit variance.

    It is drawn on a grid of 128 cells along the short side and enlarged, so that the same seed gives the same strokes
    at any size: white at 128 px, smoother above.

    Args:
        generator: a CPU generator.
    """
    short = min(height, width)
    grid = [round(NOISE_CELLS * side / short) for side in (height, width)]
    return enlarge_noise(torch.randn(1, 3, *grid, generator=generator), height, width)


def enlarge_noise(noise: Tensor, height: int, width: int) -> Tensor:
    """Noise (1, 3, h, w) at another size, of unit variance again."""
    if tuple(noise.shape[-2:]) == (height, width):
        return noise
    noise = resized(noise, (height, width))
    return noise / noise.std()
