"""Takes the grid out of a painting that a network's upsampling leaves in it.

Called by the pipeline in `compact_pipeline.py`, after the painter.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

PERIOD = 4  # px; the painter works at a quarter of the resolution
REACH = 9  # periods around a pixel that tell what repeats there
EDGE = 0.15  # what differs by more from its surroundings is an edge of the picture and no grid
# a mean in which what repeats every 2 or 4 pixels cancels out
MEAN = torch.tensor([1.0, 2.0, 2.0, 2.0, 1.0]) / 8
# passes all but the alternation of neighbouring pixels: 1 - sin(pi f)^8 at f cycles per pixel
SMOOTHING = torch.tensor([-1.0, 8.0, -28.0, 56.0, 186.0, 56.0, -28.0, 8.0, -1.0]) / 256


def without_checkerboard(images: Tensor) -> Tensor:
    """Paintings (N, C, H, W) without what repeats every `PERIOD` or 2 pixels; sides are multiples of `PERIOD`.

    Of each pixel of a period the mean over `REACH` periods around it is taken out, but for the mean of all of them:
    notches so narrow that strokes lose nothing. Edges have no weight in these means, else they would leave a grid
    beside them. Then what alternates from pixel to pixel is smoothed away.
    """
    images = images.contiguous(memory_format=torch.channels_last)  # many times faster to filter on a CPU
    fine = images - _filtered(images, MEAN)
    weight = (-(fine / EDGE).square()).exp()
    grid = _phase_sums(weight * fine) / (_phase_sums(weight) + 0.1)  # (N, C * P, H / 4, W / 4)
    phases = grid.unflatten(1, (images.shape[1], PERIOD**2))
    grid = (phases - phases.mean(2, keepdim=True)).flatten(1, 2)
    return _filtered(images - F.pixel_shuffle(grid, PERIOD), SMOOTHING)


def _phase_sums(x: Tensor) -> Tensor:
    """Of images (N, C, H, W), for each pixel of a period, sums over the periods around: (N, C * P, H / 4, W / 4)."""
    phases = F.pixel_unshuffle(x, PERIOD).contiguous(memory_format=torch.channels_last)
    return _along_both_sides(phases, torch.ones(REACH), margin=REACH // 2)


def _filtered(images: Tensor, taps: Tensor) -> Tensor:
    """Images (N, C, H, W) filtered along both sides with an odd number of taps."""
    margin = len(taps) // 2
    return _along_both_sides(F.pad(images, (margin,) * 4, mode="reflect"), taps)


def _along_both_sides(images: Tensor, taps: Tensor, margin: int = 0) -> Tensor:
    channels = images.shape[1]
    kernel = taps.to(images).expand(channels, 1, 1, -1)
    images = F.conv2d(images, kernel, padding=(0, margin), groups=channels)
    return F.conv2d(images, kernel.mT, padding=(margin, 0), groups=channels)
