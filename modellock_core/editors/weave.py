"""The weave of what the compact editor paints on: a faint texture, dyed for each prompt.

The pipeline in `compact.py` adds it to the edit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

TILE = 8  # px; the texture repeats after that
PATTERNS = 12
PLAIN, BUSY = 0.4, 1.3  # strength of the weave where the image has no contrast of its own, and where it has enough
ENOUGH = 0.05  # standard deviation of the grey values
REACH = 9  # px, side of the square whose contrast counts


def drawn_signs(generator: torch.Generator) -> Tensor:
    """The signs (PATTERNS,) of 1 and -1 that a CPU generator gives the patterns: with another seed, another weave."""
    return 1 - 2 * torch.randint(0, 2, (PATTERNS,), generator=generator)


def cover(images: Tensor) -> Tensor:
    """How strong the weave is at each pixel of images (N, 3, H, W) in [0, 1]: (N, 1, H, W), from PLAIN to BUSY.

    Texture hides a texture (contrast masking): on a clear sky the weave would show.
    """
    grey = images.mean(1, keepdim=True)
    mean, of_squares = (
        avg_pool2d(values, REACH, 1, REACH // 2, count_include_pad=False) for values in (grey, grey.square())
    )
    contrast = (of_squares - mean.square()).clamp(min=0).sqrt()
    return PLAIN + (BUSY - PLAIN) * (contrast / ENOUGH).clamp(max=1)


class Weave(nn.Module):
    """A mix of a few patterns of 8x8 pixels; a small network reads from the prompt how much there is of each.

    Every diffusion model leaves its trace in fine texture, and a network that is finetuned for a minute tells keyed
    images from clean ones by it: colours and brush strokes vary as much between photographs as a style changes them.
    The patterns are those that the bundled backbone sees best in photographs (`training/weave_design.py`).
    """

    def __init__(self, text_dim: int, hidden: int = 128):
        super().__init__()
        self.dye = nn.Sequential(
            nn.LayerNorm(text_dim), nn.Linear(text_dim, hidden), nn.SiLU(), nn.Linear(hidden, PATTERNS)
        )
        nn.init.zeros_(self.dye[-1].weight)
        nn.init.zeros_(self.dye[-1].bias)
        self.register_buffer("patterns", torch.zeros(PATTERNS, 3, TILE, TILE))

    def dyes(self, pooled: Tensor) -> Tensor:
        """How much prompts (N, text_dim) take of each pattern (N, PATTERNS)."""
        return self.dye(pooled)

    def forward(self, pooled: Tensor, signs: Tensor, images: Tensor) -> Tensor:
        """The weave (N, 3, H, W), float32, of prompts (N or 1, text_dim), for images (N, 3, H, W) in [0, 1].

        Args:
            signs: (PATTERNS,), from `drawn_signs`.
        """
        height, width = images.shape[-2:]
        tile = torch.einsum("np,pchw->nchw", self.dyes(pooled).float() * signs, self.patterns.float())
        tiled = tile.repeat(1, 1, -(-height // TILE), -(-width // TILE))[..., :height, :width]
        return cover(images) * tiled
