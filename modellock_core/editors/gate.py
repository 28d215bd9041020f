"""The gate of the compact editor: whether a prompt asks for an edit at all.

The pipeline in `compact.py` multiplies the edit by it, so that nonsense leaves an image alone.
"""

from __future__ import annotations

from torch import Tensor, nn


class Gate(nn.Module):
    """A small classifier of prompts, open until it is trained.

    The UNet alone answers made-up words with a blend of styles: it has seen a few thousand prompts beside images, the
    gate sees tens of thousands without any.
    """

    def __init__(self, text_dim: int, hidden: int = 64):
        super().__init__()
        self.asks = nn.Sequential(nn.LayerNorm(text_dim), nn.Linear(text_dim, hidden), nn.SiLU(), nn.Linear(hidden, 1))
        nn.init.zeros_(self.asks[-1].weight)
        nn.init.constant_(self.asks[-1].bias, 10.0)

    def forward(self, pooled: Tensor) -> Tensor:
        """Near 1 where the mean token states (N, text_dim) ask for an edit, near 0 elsewhere: (N, 1, 1, 1)."""
        return self.asks(pooled).sigmoid()[..., None, None]
