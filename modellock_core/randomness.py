"""Random numbers for libraries that draw from torch's global generator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Within it the CPU's global generator draws by the seed; after it, as if nothing had been drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed CUDA's generators too
        yield
