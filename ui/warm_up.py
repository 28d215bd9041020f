"""Load the heavy libraries and the compact editor once, whoever needs them first."""

from __future__ import annotations

import threading
from functools import lru_cache

from . import pace

_lock = threading.Lock()


@lru_cache
def _load() -> None:
    from modellock_core import load_backbone, load_editor

    load_backbone()
    load_editor("compact")
    pace.measure()


def warm_up() -> None:
    """Return when all is loaded. One thread imports at a time: torchvision can't be imported by two at once."""
    with _lock:
        _load()
