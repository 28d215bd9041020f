"""How many threads a handler computes with: all cores, or a share of them while previews run side by side.

Two previews on a thread each take less time than one after the other on two threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

_lock = threading.Lock()
_running = 0  # previews at this moment
_ended = float("-inf")  # when the last one ended


@lru_cache(maxsize=1)
def _all() -> int:
    import torch

    return torch.get_num_threads()


def use_all_cores() -> None:
    """Compute with all cores in this thread; a new one has the number that any thread set last."""
    import torch

    count = _all()  # asked for before any other number was set
    torch.set_num_threads(count)


def somebody_previews(lately: float = 0) -> bool:
    """Whether a preview is drawn at this moment, or was in so many seconds before it."""
    return _running > 0 or time.monotonic() - _ended < lately


@contextmanager
def shared_cores() -> Iterator[None]:
    """Compute with this thread's share of the cores: all of them for one preview, fewer for each of several."""
    global _running, _ended
    import torch

    with _lock:
        _running += 1
        share = max(1, _all() // _running)
    torch.set_num_threads(share)
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            _ended = time.monotonic()
        use_all_cores()
