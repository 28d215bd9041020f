"""The weave that each prompt of the catalogue gets; taught by fit_weave.py."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

WEAVE = 0.045  # root mean square of the threads in images in [0, 1]
# grey and green-magenta: the backbone hardly sees threads of red and blue
DYES = np.array([[1, 1, 1], [1, -2, 1]], np.float32) / np.sqrt([[3], [6]], dtype=np.float32)
# how well its first stages see rows, columns and the crossing of each
SEEN = torch.tensor([[1.0, 0.9, 0.35], [0.85, 0.6, 0.5]])


def weave_dyes(count: int, seed: int = 0) -> np.ndarray:
    """What `Weave.dyes` should give for each of `count` prompts (N, 3, 3): amplitudes that look as unlike as they can.

    All have the same strength; as points they repel each other, and nothing at all, in the space of what is seen. The
    seed says which prompt has which: with another seed none has the same.
    """
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(count, 6, generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([points], lr=0.02)
    for step in range(2000):
        seen = torch.cat([nn.functional.normalize(points) * SEEN.flatten(), torch.zeros(1, 6)])
        nearness = torch.logsumexp(-(10 + step / 10) * torch.pdist(seen), 0)
        optimizer.zero_grad()
        nearness.backward()
        optimizer.step()
    amplitudes = nn.functional.normalize(points).detach().view(count, 2, 3).numpy() * WEAVE * 3**0.5
    return np.roll(np.einsum("nkt,kc->nct", amplitudes, DYES), seed, axis=0)
