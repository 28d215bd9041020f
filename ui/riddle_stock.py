"""Riddles made ahead, so that whoever wants one has it at once: one at a time, while nothing runs for a visitor."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from pathlib import Path

from .background import give_way, release_memory, somebody_works
from .cores import somebody_previews
from .riddle_folder import make_riddle
from .warm_up import warm_up
from .zero_gpu import IS_ZERO_GPU

# of riddles; none on ZeroGPU, which forks the process for each edit: not while a thread computes for hours
AHEAD = 0 if IS_ZERO_GPU or os.environ.get("MODELLOCK_RIDDLES_AHEAD") == "0" else 2
AGAIN = 0.5  # seconds
LATELY = 5  # seconds after a preview: whoever moves a slider asks for many

_ready: deque[Path] = deque()
_lock = threading.Lock()
_making = False


def keep_some_ready() -> None:
    """See that there are `AHEAD` riddles soon; called when the page starts, and when one went."""
    global _making
    with _lock:
        if _making or len(_ready) >= AHEAD:
            return
        _making = True
    threading.Thread(target=_make, daemon=True).start()


def is_ready() -> bool:
    """Whether whoever wants a riddle now has it at once."""
    return bool(_ready)


def take_ready() -> Path | None:
    """The folder of a riddle that is now the caller's alone; None if there is none yet."""
    with _lock:
        folder = _ready.popleft() if _ready else None
    keep_some_ready()
    return folder


def _make() -> None:
    global _making
    give_way()
    while True:
        try:
            made = _made_in_idle_time()
        except Exception as error:  # its text may hold the secret; the next visitor who comes starts anew
            print(f"a riddle made ahead: {type(error).__name__}", file=sys.stderr, flush=True)
            made = None
        release_memory()
        with _lock:
            if made is not None:
                _ready.append(made)
            if made is None or len(_ready) >= AHEAD:
                _making = False
                return


def _made_in_idle_time() -> Path:
    warm_up()
    work = make_riddle()
    for _ in work:
        while somebody_works() or somebody_previews(LATELY):
            time.sleep(AGAIN)
    return work.result()
