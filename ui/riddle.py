"""Step 5, Riddle: a model is locked with a prompt that the page keeps to itself; the visitor guesses it.

A riddle lies in the visitor's folder, or is that of a class (`classroom.py`). The page gets only what `Riddle.known`
tells, so neither the secret nor the count of guesses is in the visitor's hands.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL import Image

from modellock_core.errors import ModelLockError

from . import classroom, riddle_stock
from .errors import errors_shown, shows_errors
from .progress import ProgressBar, paced
from .riddle_folder import load_game, make_riddle, measured_guess, save_game
from .riddle_game import Riddle, answered, hinted, playable
from .sessions import session_folder
from .spell import sample_images
from .turns import in_turn
from .visitors import Allowance, address_of

GUESSES_AN_HOUR = 80  # of one address, whatever sessions it says it has
READY_AN_HOUR = 12  # riddles made ahead that one address gets; for more it waits while they are made
SHOWN_SIZE = 384  # px, of the picture
ALONE, CLASS = "alone", "class"  # who is to play a new riddle


class Making(NamedTuple):
    """What the page gets while a riddle is made, in the order of its components."""

    bar: str
    known: Any = gr.skip()


class Start(NamedTuple):
    """What the page gets when a riddle is wanted, in the order of its components.

    Attributes:
        wanted: changes if none was ready, so one must be made; who is to play it, and when it was asked for.
    """

    bar: Any
    known: Any = gr.skip()
    wanted: Any = gr.skip()


@errors_shown()
def start_alone(request: gr.Request) -> Start:
    """Give the visitor a riddle that was made ahead, if there is one."""
    return _start(ALONE, request)


@errors_shown()
def start_class(request: gr.Request) -> Start:
    """Start a class game with a riddle that was made ahead, if there is one."""
    classroom.check_may_start(address_of(request))
    return _start(CLASS, request)


def _start(players: str, request: gr.Request) -> Start:
    ready = riddle_stock.take_ready() if _allowed_ready.use(address_of(request)) else None
    if ready is None:
        riddle_stock.keep_some_ready()
        return Start(gr.skip(), wanted=(players, time.time()))
    return Start(*_given(ready, players, request))


@in_turn
@shows_errors
def new_riddle(wanted: tuple[str, float], request: gr.Request) -> Iterator[Making]:
    """Lock a model with a secret prompt, drawn at random; the riddle before stays until that is done.

    Args:
        wanted: see `Start`.

    Yields:
        progress, and at the end what is known of the riddle.
    """
    from modellock_core import Progress

    bar, work = ProgressBar(), make_riddle()
    yield Making(bar.render(Progress("Loading images")))
    for progress in paced(work):
        yield Making(bar.render(progress))
    yield _given(work.result(), wanted[0], request)


def _given(fresh: Path, players: str, request: gr.Request) -> Making:
    """Give a riddle to who is to play it."""
    if players == CLASS:
        classroom.start_class(fresh, _visitor(request))
        return Making("")  # its head says all
    folder = _folder(request)
    with _changes:
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return Making("", known(request))


@shows_errors
def guess(text: str | None, request: gr.Request) -> dict[str, Any] | None:
    """Try a prompt.

    Returns:
        what is known of the riddle now, see `Riddle.known`.
    """
    if game := classroom.class_of(_visitor(request)):
        game.guess(_visitor(request), text)
        return game.known(_visitor(request))
    folder = _folder(request)
    before = playable(load_game(folder))

    def measured(prompt: str) -> float:
        if not _allowed_guesses.use(address_of(request)):
            raise ModelLockError("you have guessed very often in the last hour; come back later")
        return measured_guess(folder, before.prompt, prompt)

    return _change(folder, before, answered(before, text, measured))


@shows_errors
def hint(request: gr.Request) -> dict[str, Any] | None:
    """Give the next hint.

    Returns:
        what is known of the riddle now, see `Riddle.known`.
    """
    if game := classroom.class_of(_visitor(request)):
        game.hint(_visitor(request))
        return game.known(_visitor(request))
    folder = _folder(request)
    before = playable(load_game(folder))
    return _change(folder, before, hinted(before))


def known(request: gr.Request) -> dict[str, Any] | None:
    """What is known of the visitor's riddle, see `Riddle.known`; None if there is none yet."""
    if game := classroom.class_of(_visitor(request)):
        return game.known(_visitor(request))
    riddle = load_game(_folder(request))
    return riddle and riddle.known()


def keyed_picture(request: gr.Request) -> Image.Image | None:
    """A sample edited with the secret prompt, once the visitor may see it."""
    told = known(request)
    if told is None or (told["guesses_left"] and "picture" not in told["hints"]):
        return None
    game = classroom.class_of(_visitor(request))
    riddle = game.riddle if game else load_game(_folder(request))
    return riddle and _sample_edited(riddle.prompt)


@lru_cache(maxsize=16)
def _sample_edited(prompt: str) -> Image.Image:
    from modellock_core import Key, apply_key
    from modellock_core.data.images import to_pil, to_tensor

    key = replace(Key.create(prompt), size=SHOWN_SIZE)
    return to_pil(apply_key(to_tensor(sample_images()[0], SHOWN_SIZE), key)[0])


@errors_shown()
def open_class(code: str | None, request: gr.Request) -> None:
    """Show the visitor a class game."""
    classroom.open_class(code, _visitor(request), address_of(request))


@errors_shown()
def join_class(nickname: str | None, request: gr.Request) -> None:
    """Let the visitor play in the class game that he looks at."""
    game = classroom.class_of(_visitor(request))
    if game is None:
        raise ModelLockError(classroom.ENDED)
    game.join(_visitor(request), nickname)


def leave_class(request: gr.Request) -> None:
    """Show the visitor his own riddle again."""
    classroom.leave_class(_visitor(request))


@errors_shown()
def reveal(request: gr.Request) -> None:
    """Tell the class the prompt."""
    classroom.reveal(_visitor(request))


@errors_shown()
def end_class(request: gr.Request) -> None:
    """Remove the class game."""
    classroom.end_class(_visitor(request))


def class_standing(request: gr.Request) -> dict[str, Any] | None:
    """What the visitor may know of the class game that he looks at, see `ClassGame.standing`; None if there is none."""
    game = classroom.class_of(_visitor(request))
    return game and game.standing(_visitor(request))


_allowed_guesses, _allowed_ready = Allowance(GUESSES_AN_HOUR, 3600), Allowance(READY_AN_HOUR, 3600)
_changes = threading.Lock()  # a riddle may be replaced while a guess at it is measured


def _visitor(request: gr.Request) -> str:
    """Who it is: the same after a reload, and known to nobody else."""
    return session_folder(request).name


def _folder(request: gr.Request) -> Path:
    return session_folder(request) / "riddle"


def _change(folder: Path, before: Riddle, now: Riddle) -> dict[str, Any]:
    """Keep how the game stands now; what is known of it."""
    with _changes:
        if load_game(folder) != before:
            raise ModelLockError("the riddle has changed meanwhile; look at it and try again")
        save_game(folder, now)
    return now.known()
