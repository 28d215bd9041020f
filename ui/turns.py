"""Whose turn it is: long work is done for one visitor at a time, and whoever waits is told for whom and how long."""

from __future__ import annotations

import functools
import html
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from .background import somebody_works
from .lock_times import length
from .sessions import is_open, session_folder

NAMES = {  # of long work, by the function that does it
    "rank": "ranking (step 1)",
    "run_lock": "lock (step 2)",
    "test_split": "test (step 3)",
    "run_attack": "attack (step 4)",
    "new_riddle": "riddle (step 5)",
}
MOVING = '<div class="track" role="progressbar" aria-label="Waiting"><div class="fill waiting"></div></div>'
SELF = "It starts by itself, even while you look at another step."


@dataclass
class Turn:
    """Work that was asked for.

    Attributes:
        work: one of `NAMES`.
        page, visitor: who has asked; after a reload the same visitor has another page.
        begun: when it had the machine; None while it waits.
        left: how far it is, in words, where it tells that.
    """

    work: str
    page: str
    visitor: str
    begun: float | None = None
    left: str = ""


_turns: list[Turn] = []  # in the order in which they were asked for
_took: dict[str, float] = {}  # seconds that the last work of a name has taken
_lock = threading.RLock()  # a handler that is collected as garbage may end within it


def in_turn(handler: Callable[..., Iterator]) -> Callable[..., Iterator]:
    """Let a handler, a generator of `NAMES` with a `request`, note when it has the machine."""
    signature = inspect.signature(handler)

    @functools.wraps(handler)
    def noted(*args: Any, **kwargs: Any) -> Iterator:
        request = signature.bind(*args, **kwargs).arguments["request"]
        turn = ask_for_turn(handler.__name__, request)
        turn.begun = time.monotonic()
        try:
            yield from handler(*args, **kwargs)
            _took[turn.work] = time.monotonic() - turn.begun
        finally:
            with _lock:
                if turn in _turns:
                    _turns.remove(turn)

    return noted


def ask_for_turn(work: str, request: gr.Request) -> Turn:
    """Note that a visitor's page waits for its turn; the same turn if it does already."""
    with _lock:
        turn = _turn_of(work, request)
        if turn is None:
            _turns[:] = [one for one in _turns if one.begun is not None or is_open(one.page)]  # some have left
            turn = Turn(work, str(request.session_hash), session_folder(request).name)
            _turns.append(turn)
        return turn


def give_up_turn(work: str, request: gr.Request) -> None:
    """Note that the page waits no more."""
    with _lock:
        _turns[:] = [turn for turn in _turns if (turn.work, turn.page) != (work, str(request.session_hash))]


def has_turn(work: str, request: gr.Request) -> bool:
    """Whether the page waits for its work, or has it done."""
    return _turn_of(work, request) is not None


def tell_left(text: str) -> None:
    """Tell those who wait how far the work is that runs now."""
    for turn in _turns:
        if turn.begun is not None:
            turn.left = text


def waiting_line(work: str, request: gr.Request) -> str | None:
    """What a page that waits says, as HTML; None where its work waits no more."""
    with _lock:
        mine = _turn_of(work, request)
        if mine is None or mine.begun is not None:
            return None
        asked = _turns[: _turns.index(mine)]
        before = [turn for turn in _turns if turn.begun is not None]
        before += [turn for turn in asked if turn.begun is None and is_open(turn.page)]
    if before:
        place = "You are next." if len(before) == 1 else f"You are number {len(before)} in the queue."
        return waiting(place, f"{_first(before[0], mine.visitor)} {SELF}")
    if somebody_works():
        return waiting("You are next.", f"Somebody else's work comes first. {SELF}")
    return waiting("Starting.", "A moment, please.")


def waiting(head: str, text: str) -> str:
    """A line that can be read and a bar that moves, as HTML."""
    return f'<div class="turn" role="status"><b>{html.escape(head)}</b> {html.escape(text)}</div>{MOVING}'


def _first(turn: Turn, visitor: str) -> str:
    """Whose work comes first, and how far it is."""
    whose = "Your own" if turn.visitor == visitor else "Somebody else's"
    name = f"{whose} {NAMES[turn.work]} comes first"
    if turn.begun is None:
        return f"{name}; it starts now."
    so_far = time.monotonic() - turn.begun
    left = _took.get(turn.work, 0.0) - so_far
    known = turn.left or (f"{length(left)} left" if left > 0 else f"it has run for {length(so_far)}")
    return f"{name}: {known}."


def _turn_of(work: str, request: gr.Request) -> Turn | None:
    page = str(request.session_hash)
    return next((turn for turn in _turns if (turn.work, turn.page) == (work, page)), None)
