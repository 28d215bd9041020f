"""The compact editor's space of styles, and the hand that moves a style within it.

Between `prompt_reader.py`, which says how much of each style a prompt asks for, and the painter in `compact_unet.py`.
"""

from __future__ import annotations

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn

from .key_secrets import draws_of

HAND_GLAZE = 0.3  # how strongly a hand paints over a picture in which a prompt paints nothing
HAND_PAINTERS = (  # that hands mix: a backbone tells their edits from clean images best, see benchmarks/hands.py
    "Batik", "Cassatt", "Chalk", "Delaunay", "Gauguin", "Hokusai", "Impasto brush", "Kandinsky", "Matisse", "Mondrian",
    "Munch", "Starry night", "Van Gogh",
)  # fmt: skip
HAND_SHARES = (1.0, 0.3, 0.1)  # of the three that one hand mixes, beside each other
HAND_SHARE = 0.5  # of a hand's own mix in every style vector; at 0.3 hands are too much alike to tell them apart
LOOK_FRACTION = 0.4  # of the points drawn at random that have a look


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

    def draw(self, generator: torch.Generator) -> Tensor:
        """A point (1, style_dim) that some prompt or hand might lead to: a few painters, often with a look on top."""
        painters, looks = self.config.painters, len(self.config.names) - self.config.painters
        weights = torch.zeros(painters + looks)
        chosen = torch.randperm(painters, generator=generator)[: int(torch.randint(1, 5, (), generator=generator))]
        shares = -torch.rand(len(chosen), generator=generator).log()  # uniform over all mixes of the chosen ones
        weights[chosen] = shares / shares.sum()
        if torch.rand((), generator=generator) < LOOK_FRACTION:
            chosen = torch.randperm(looks, generator=generator)[: int(torch.randint(1, 3, (), generator=generator))]
            weights[painters + chosen] = torch.rand(len(chosen), generator=generator)
            if torch.rand((), generator=generator) < LOOK_FRACTION:
                weights[:painters] = 0  # looks alone
        return weights.to(self.table)[None] @ self.table

    def hand(self, secret: str) -> Tensor:
        """The mix of painters (1, style_dim) that a hand adds to every style."""
        draws = draws_of("style", secret)
        order = sorted(HAND_PAINTERS, key=lambda _: draws.random())
        chosen = [self.config.names.index(name) for name in order[: len(HAND_SHARES)]]
        shares = torch.tensor([share * (0.7 + 0.6 * draws.random()) for share in HAND_SHARES])
        return (shares / shares.sum()).to(self.table)[None] @ self.table[chosen]
