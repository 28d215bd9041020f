"""Reads a prompt: which styles of the compact editor it asks for, which objects, and how strongly.

First part of the pipeline in `compact_pipeline.py`; the style space turns what it returns into a style vector.
"""

from __future__ import annotations

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn


class PromptReader(ModelMixin, ConfigMixin):
    """From token states to how much of each style and object a prompt asks for.

    Every token votes for what it names, and the strongest vote counts: "in watercolor with a rooster" names two things,
    wherever the words stand. The votes see the prompt's mean state as well, since names have several words.

    Args:
        painters: names of the styles that a prompt mixes ("Monet and Hokusai").
        looks: names of the styles that go on top ("at night").
        objects: names of the objects.
        text_dim: size of the text encoder's token states.
        hidden: width of the votes' network.
    """

    @register_to_config
    def __init__(
        self,
        painters: tuple[str, ...],
        looks: tuple[str, ...],
        objects: tuple[str, ...],
        text_dim: int = 384,
        hidden: int = 256,
    ):
        super().__init__()
        self.votes = nn.Sequential(
            nn.Linear(2 * text_dim, hidden), nn.LayerNorm(hidden), nn.SiLU(),
            nn.Linear(hidden, len(painters) + len(looks) + len(objects)),
        )  # fmt: skip
        last = nn.Linear(64, 1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.strength = nn.Sequential(nn.Linear(text_dim, 64), nn.SiLU(), last)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, names) of the names, painters first, and the strengths (N,), near 1, of prompts.

        Args:
            states: (N, T, text_dim) token states.
            mask: (N, T) bool, True on tokens, False on padding.
        """
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)  # (N, text_dim)
        votes = self.votes(torch.cat([states, pooled[:, None].expand_as(states)], dim=-1))  # (N, T, names)
        votes = votes.masked_fill(~mask[..., None], -torch.inf)
        return votes.amax(1), 1 + self.strength(pooled)[:, 0].tanh()
