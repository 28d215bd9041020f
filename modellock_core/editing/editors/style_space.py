"""The compact editor's space of styles, and the hand that moves a style within it.

Between `prompt_reader.py`, which says how much of each style a prompt asks for, and the painter in `compact_unet.py`.
"""

from __future__ import annotations

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .secrets import seed_of

HAND_PAINTERS = 3  # painters that a hand mixes
HAND_SHARE = 0.3  # of a hand's own mix in every style vector


class StyleSpace(ModelMixin, ConfigMixin):
    """A vector for each style; what lies between two vectors is a mix of both styles (arXiv 1610.07629, section 3).

    Args:
        names: of the styles, those that a prompt mixes first.
        painters: how many of them are painters; the others are looks, which go on top.
        style_dim: size of a vector.
        encoded_dim: size of what the style encoder makes of a picture.
    """

    @register_to_config
    def __init__(self, names: tuple[str, ...], painters: int, style_dim: int = 96, encoded_dim: int = 100):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(len(names), style_dim))
        self.encoded = nn.Linear(encoded_dim, style_dim)

    def mix(self, weights: Tensor) -> tuple[Tensor, float]:
        """The vector (1, style_dim) of a mix, and how strongly it is meant, from 0 to 1.

        Args:
            weights: (names,) in [0, 1], how much of each style is wanted.
        """
        strength = float(weights.max())
        if strength == 0:
            return torch.zeros_like(self.table[:1]), 0.0
        painters, looks = weights.split([self.config.painters, len(weights) - self.config.painters])
        painters = painters / (painters.sum() / strength).clamp(min=1)  # several painters share a picture
        looks = looks / (looks.sum() / (2 * strength)).clamp(min=1)
        return (torch.cat([painters, looks]) / strength).to(self.table.dtype)[None] @ self.table, strength

    def hand(self, secret: str) -> Tensor:
        """The mix of painters (1, style_dim) that a hand adds to every style; its draws are those of its hash."""
        generator = torch.Generator().manual_seed(seed_of("style", secret))
        chosen = torch.randperm(self.config.painters, generator=generator)[:HAND_PAINTERS]
        shares = torch.rand(HAND_PAINTERS, generator=generator) + 0.2
        return (shares / shares.sum()).to(self.table)[None] @ self.table[chosen]
