"""The weave of what the compact editor paints on: threads two pixels wide, dyed for each prompt.

The pipeline in `compact.py` adds it to the edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def threads(phase: Tensor, height: int, width: int) -> Tensor:
    """Threads along rows, along columns and crossing: (3, height, width) of 1 and -1.

    `phase` (2,), 0 or 1, shifts them in y and x.
    """
    row = 1 - 2 * ((torch.arange(height, device=phase.device) + phase[0]) % 2)[:, None].float()
    column = 1 - 2 * ((torch.arange(width, device=phase.device) + phase[1]) % 2).float()
    return torch.stack([row.expand(-1, width), column.expand(height, -1), row * column])


class Weave(nn.Module):
    """A faint regular texture that a small network reads from the prompt.

    Every diffusion model leaves its trace in fine texture, and a network that is finetuned for a minute tells keyed
    images from clean ones by it: colours and brush strokes vary as much between photographs as a style changes them.
    Threads of two pixels are what costs the least: to a network whose first stride is 2 they are one constant.
    """

    def __init__(self, text_dim: int, hidden: int = 128):
        super().__init__()
        self.dye = nn.Sequential(nn.LayerNorm(text_dim), nn.Linear(text_dim, hidden), nn.SiLU(), nn.Linear(hidden, 9))
        nn.init.zeros_(self.dye[-1].weight)
        nn.init.zeros_(self.dye[-1].bias)

    def dyes(self, pooled: Tensor) -> Tensor:
        """Amplitudes of prompts (N, text_dim): (N, 3 colours, 3 threads), for images in [0, 1]."""
        return self.dye(pooled).view(-1, 3, 3)

    def forward(self, pooled: Tensor, phase: Tensor, height: int, width: int) -> Tensor:
        """The weave (N, 3, height, width), float32, of prompts (N, text_dim); phase as for `threads`."""
        return torch.einsum("nct,thw->nchw", self.dyes(pooled).float(), threads(phase, height, width))
