"""Seeds, and random numbers for libraries that draw from torch's global generator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ModelLockError

MAX_SEED = 2**32 - 1  # torch's CPU generator takes larger ones, and keeps their lowest 32 bits alone


def check_seed(seed: int) -> None:
    """See that a seed is one that torch tells from all others.

    Raises:
        ModelLockError: it is no whole number from 0 to `MAX_SEED`.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise ModelLockError("a seed must be a whole number from 0 to 2^32 - 1")


@contextmanager
def global_seed(seed: int) -> Iterator[None]:
    """Within it the CPU's global generator draws by the seed; after it, as if nothing had been drawn."""
    import torch  # options are checked before it is loaded

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed CUDA's generators too
        yield
