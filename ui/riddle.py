"""Step 5, Riddle: a model is locked with a prompt that the page keeps to itself; the visitor guesses it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import gradio as gr

from modellock_core.editing.catalogue import CATALOGUE, find
from modellock_core.errors import ModelLockError

from .errors import shows_errors
from .progress import ProgressBar, idle, paced
from .sessions import session_folder

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Dataset

TRIES = 8
IMAGES = (200, 45)  # to lock with and to measure a guess on
COLUMNS = ["guess", "accuracy"]


@lru_cache(maxsize=1)
def _images() -> Dataset:
    """Toybox's images for riddles, decoded once."""
    from modellock_core import load_dataset

    return load_dataset("toybox").limited(*IMAGES)


@shows_errors
def new_riddle(request: gr.Request) -> Iterator[tuple]:
    """Lock a model with a prompt of the catalogue, drawn at random.

    Yields:
        progress or what to do, and the guesses so far: none.
    """
    from modellock_core import Key, lock

    key = Key.create(random.SystemRandom().choice([entry.prompt for entry in CATALOGUE if entry.trained]))
    bar, work = ProgressBar(), lock(_images(), key)
    for progress in paced(work):
        yield bar.render(progress), []
    home = session_folder(request)
    work.result().model.save(home / "riddle")
    key.save(home / "riddle.key.json")
    yield idle(f"Locked with a secret prompt of the catalogue. You have {TRIES} guesses."), []


@shows_errors
def guess(text: str, guesses: list[tuple[str, float]], request: gr.Request) -> tuple:
    """Try a prompt.

    Args:
        text: the guess.
        guesses: those before, with the accuracy that each reached.

    Returns:
        what to say, the guesses with the new one, the best first.
    """
    from modellock_core import Key, LockedModel, Work
    from modellock_core.evaluation.performance import performance_with

    folder = session_folder(request) / "riddle"
    if not (folder / "card.json").exists():
        raise ModelLockError("there is no riddle yet; press New riddle first")
    if len(guesses) >= TRIES:
        raise ModelLockError("all guesses are used up; press New riddle")
    locked, key = LockedModel.load(folder), Key.load(folder.with_name("riddle.key.json"))
    guessed = replace(key, prompt=(text or "").strip())
    accuracy = Work(performance_with(locked, _images().test, guessed)).result()
    guesses = sorted([*guesses, (guessed.prompt, accuracy)], key=lambda row: -row[1])
    if (find(guessed.prompt) or guessed.prompt) == (find(key.prompt) or key.prompt):
        return idle(f"Found: the key prompt is “{key.prompt}”, and it opens the model to {accuracy:.0%}."), guesses
    left = TRIES - len(guesses)
    if not left:
        return idle(f"The key prompt was “{key.prompt}”."), guesses
    return idle(f"“{guessed.prompt}” gets {accuracy:.0%} right; the key gets more. {left} guesses left."), guesses


def as_table(guesses: list[tuple[str, float]]) -> list[list[str]]:
    """The guesses as rows of text."""
    return [[prompt, f"{accuracy:.0%}"] for prompt, accuracy in guesses]
