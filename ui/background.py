"""Long work in a thread of its own that gives way: a preview comes first, and whoever leaves stops it."""

from __future__ import annotations

import ctypes
import gc
import os
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from .cores import use_all_cores

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Progress, Work

# of Linux's 19; at 10 a thread gets a tenth of a core where another wants all of it
NICENESS = int(os.environ.get("MODELLOCK_NICENESS", "10"))
AGAIN = 0.5  # seconds
WAITING = 64  # moments that may wait to be shown
_running: set[int] = set()  # identities of the work that visitors wait for


def in_background(work: Work) -> Iterator[Progress]:
    """The progress of work that a thread of low priority does. Who stops iterating stops the work after its step.

    During a long step the last moment comes again: Gradio can stop only what yields.
    """
    from modellock_core import Progress

    last = Progress("Starting")
    moments: queue.Queue[Progress | BaseException | None] = queue.Queue(WAITING)
    stop = threading.Event()
    _running.add(id(work))
    threading.Thread(target=_do, args=(work, moments, stop), daemon=True).start()
    try:
        while True:
            try:
                moment = moments.get(timeout=AGAIN)
            except queue.Empty:
                yield last
                continue
            if moment is None:
                return
            if isinstance(moment, BaseException):
                raise moment
            yield moment
            last = Progress(moment.stage, moment.step, moment.of)  # figures and pictures are shown once
    finally:
        stop.set()


def _do(work: Work, moments: queue.Queue[Progress | BaseException | None], stop: threading.Event) -> None:
    give_way()
    use_all_cores()
    last = None
    try:
        for progress in work:
            _put(progress, moments, stop)
            if stop.is_set():
                break
    except Exception as error:
        last = error
    finally:
        work.close()
        _running.discard(id(work))
        _put(last, moments, stop)
        del last
        release_memory()


def _put(moment: Progress | BaseException | None, moments: queue.Queue, stop: threading.Event) -> None:
    """Give a moment to whoever watches, unless nobody does any more."""
    while not stop.is_set():
        with suppress(queue.Full):
            moments.put(moment, timeout=0.2)
            return


def somebody_works() -> bool:
    """Whether a visitor's long work runs."""
    return bool(_running)


def give_way() -> None:
    """Let this thread have what others leave of the cores; only Linux knows the priority of a thread."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def release_memory() -> None:
    """Give memory that is free back to the system, where the C library can (glibc's keeps much of it)."""
    gc.collect()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
