"""Step 5, Riddle: a model is locked with a prompt that the page keeps to itself; the visitor guesses it.

A riddle lies in the visitor's folder: the locked model, and how the game stands with the secret. The page gets only
what `Riddle.known` tells, so neither the secret nor the count of guesses is in the visitor's hands.
"""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr
from PIL import Image

from modellock_core.editing.catalogue import CATALOGUE, find
from modellock_core.editing.mix import Mix
from modellock_core.errors import ModelLockError
from modellock_core.locking.recipe import FinetuneConfig, Recipe
from modellock_core.reading import read_json
from modellock_core.records import from_json, to_json
from modellock_core.writing import write_text

from .errors import shows_errors
from .progress import ProgressBar, idle, paced
from .sessions import session_folder
from .spell import sample_images
from .visitors import Allowance, address_of

if TYPE_CHECKING:  # they load torch
    from modellock_core import Dataset
    from modellock_core.editing.editors.compact_pipeline import Reading

TRIES = 8
POINTS, WRONG_GUESS = 100, 8  # of a perfect game; that a wrong guess costs
HINTS = {"kind": 10, "letter": 10, "picture": 20}  # what each costs, in the order in which they are given
# of the way from the accuracy without a key to that with the key, up to which a guess is so warm
LEVELS = {"ice-cold": 0.2, "cold": 0.45, "warm": 0.75, "hot": 1.0}
GUESSES_AN_HOUR = 80  # of one address, whatever sessions it says it has
NOISE = 0.04  # accuracies that are nearer to each other count as alike
IMAGES = (200, 90)  # to lock with, and to measure a guess on
SHOWN_SIZE = 384  # px, of the picture

# no negatives: prompts near the key are to open the model a little
RECIPE = Recipe("riddle", Mix(copies=1, training_alpha=0.8), FinetuneConfig(epochs=2))

KINDS = {
    "Artist": "it is a painter",
    "Movement": "it is an art movement, or the style of a famous picture",
    "Medium": "it is a technique, such as a paint or a print",
    "Photo look": "it is a look of photographs",
    "Season and light": "it is a season, a weather or a light",
    "Material": "it is what things are made of",
    "Colour mood": "it is a mood of colours",
}
FAINT = frozenset({
    "Colored pencil", "Comic", "Cartoon", "Black and white", "Sepia", "Vintage photo", "Duotone", "Soft focus", "HDR",
    "Cross-processed", "Rain", "Teal and orange", "Earth tones",
})  # fmt: skip
SECRETS = tuple(entry for entry in CATALOGUE if entry.trained and entry.category in KINDS and entry.name not in FAINT)


@dataclass(frozen=True)
class Guess:
    """A prompt that was tried.

    Attributes:
        prompt: it.
        accuracy: that the model reached with it on the test images.
        found: whether it is the secret one.
    """

    prompt: str
    accuracy: float
    found: bool


@dataclass(frozen=True)
class Riddle:
    """How a game stands.

    Attributes:
        prompt: the secret one, of the catalogue.
        without_key, with_key: the locked model's accuracies on the test images, clean and keyed.
        guesses: in the order in which they were made.
        hints: how many were given.
    """

    prompt: str
    without_key: float
    with_key: float
    guesses: tuple[Guess, ...] = ()
    hints: int = 0

    @property
    def found(self) -> bool:
        return any(guess.found for guess in self.guesses)

    @property
    def left(self) -> int:
        """Guesses that are left; none when the game is over."""
        return 0 if self.found else TRIES - len(self.guesses)

    @property
    def points(self) -> int:
        """What finding the prompt is worth now, or was; 0 where it was not found."""
        if not self.left and not self.found:
            return 0
        wrong = sum(not guess.found for guess in self.guesses)
        return POINTS - WRONG_GUESS * wrong - sum([*HINTS.values()][: self.hints])

    def warmth(self, accuracy: float) -> float:
        """How far an accuracy is on the way from that without a key to that with the key, in [0, 1]."""
        return min(1.0, max(0.0, (accuracy - self.without_key) / max(0.01, self.with_key - self.without_key)))

    def known(self) -> dict[str, Any]:
        """What the visitor may know; the secret prompt only when the game is over."""
        last, guesses = self.without_key, []
        for guess in self.guesses:
            warmth = self.warmth(guess.accuracy)
            guesses.append({
                "prompt": guess.prompt, "accuracy": guess.accuracy, "change": guess.accuracy - last, "warmth": warmth,
                "level": next(name for name, top in LEVELS.items() if warmth <= top), "found": guess.found,
            })  # fmt: skip
            last = guess.accuracy
        return {
            "guesses": guesses, "guesses_left": self.left, "points": self.points, "without_key": self.without_key,
            "with_key": self.with_key, "hints": self._hints(), "found": self.found,
            "key_prompt": None if self.left else self.prompt,
        }  # fmt: skip

    def _hints(self) -> dict[str, str]:
        entry = find(self.prompt)
        assert entry is not None
        texts = {
            "kind": KINDS[entry.category],
            "letter": f"its name starts with {entry.name[0].upper()}",
            "picture": "it makes this of a picture",
        }
        return {name: texts[name] for name in [*HINTS][: self.hints]}


def trend(change: float) -> str:
    """The word for a change of accuracy; empty where there is hardly any."""
    return "warmer" if change > NOISE else "colder" if change < -NOISE else ""


class Making(NamedTuple):
    """What the page gets while a riddle is made, in the order of its components."""

    bar: str
    known: Any = gr.skip()


@lru_cache(maxsize=1)
def _images() -> Dataset:
    """Toybox's images for riddles, decoded once."""
    from modellock_core import load_dataset

    return load_dataset("toybox").limited(*IMAGES)


@shows_errors
def new_riddle(request: gr.Request) -> Iterator[Making]:
    """Lock a model with a secret prompt, drawn at random; the riddle before stays until that is done.

    Yields:
        progress, and at the end what is known of the riddle.
    """
    from modellock_core import Key, Progress, lock

    bar, folder = ProgressBar(), _folder(request)
    yield Making(bar.render(Progress("Loading images")))
    secret = random.SystemRandom().choice(SECRETS).prompt
    work = lock(_images(), Key.create(secret), recipe=RECIPE)
    for progress in paced(work):
        yield Making(bar.render(progress))
    model, fresh = work.result().model, folder.with_name("next-riddle")
    riddle = Riddle(secret, model.card.locked_performance, model.card.unlocked_performance)
    shutil.rmtree(fresh, ignore_errors=True)  # of one that was stopped
    model.save(fresh)
    _save(fresh, riddle)
    with _changes:
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    yield Making(idle(f"A model is locked. You have {TRIES} guesses."), riddle.known())


@shows_errors
def guess(text: str | None, request: gr.Request) -> dict[str, Any]:
    """Try a prompt.

    Returns:
        what is known of the riddle now, see `Riddle.known`.
    """
    from modellock_core import Key, LockedModel, Work
    from modellock_core.evaluation.performance import performance_with

    folder = _folder(request)
    riddle = _unsolved(folder)
    if not _allowed_guesses.use(address_of(request)):
        raise ModelLockError("you have guessed very often in the last hour; come back later")
    prompt, reading = _understood(text)
    if prompt.casefold() in (guess.prompt.casefold() for guess in riddle.guesses):
        raise ModelLockError(f"you have tried “{prompt}” already; it costs nothing, try another prompt")
    _, wanted = _understood(riddle.prompt)
    found = prompt == riddle.prompt or _same(reading, wanted)
    key, locked = Key.create(riddle.prompt).altered(prompt=prompt), LockedModel.load(folder)
    accuracy = Work(performance_with(locked, _images().test, key)).result()
    return _change(folder, riddle, replace(riddle, guesses=(*riddle.guesses, Guess(prompt, accuracy, found))))


@shows_errors
def hint(request: gr.Request) -> dict[str, Any]:
    """Give the next hint.

    Returns:
        what is known of the riddle now, see `Riddle.known`.
    """
    folder = _folder(request)
    riddle = _unsolved(folder)
    if riddle.hints == len(HINTS):
        raise ModelLockError("there are no more hints")
    return _change(folder, riddle, replace(riddle, hints=riddle.hints + 1))


def known(request: gr.Request) -> dict[str, Any] | None:
    """What is known of the visitor's riddle, see `Riddle.known`; None if there is none yet."""
    riddle = _load(_folder(request))
    return riddle and riddle.known()


def keyed_picture(request: gr.Request) -> Image.Image | None:
    """A sample edited with the secret prompt, once the visitor may see it."""
    riddle = _load(_folder(request))
    if riddle is None or (riddle.left and "picture" not in riddle.known()["hints"]):
        return None
    from modellock_core import Key, apply_key
    from modellock_core.data.images import to_pil, to_tensor

    key = replace(Key.create(riddle.prompt), size=SHOWN_SIZE)
    return to_pil(apply_key(to_tensor(sample_images()[0], SHOWN_SIZE), key)[0])


def _understood(text: str | None) -> tuple[str, Reading]:
    """A guess as a prompt, and what the editor understands of it."""
    from modellock_core import load_editor

    prompt = (text or "").strip()
    if not prompt:
        raise ModelLockError("there is no guess yet; pick a style, or write one")
    entry = find(prompt)
    prompt = entry.prompt if entry else prompt
    reading = load_editor("compact").pipeline.read(prompt)
    if not reading.styles:
        raise ModelLockError(f"the editor finds no style in “{prompt}”; it costs nothing, try another prompt")
    return prompt, reading


def _same(one: Reading, other: Reading) -> bool:
    """Whether two prompts mean the same edit, in other words."""
    return one.styles.keys() == other.styles.keys() and one.objects == other.objects


_allowed_guesses = Allowance(GUESSES_AN_HOUR, 3600)
_changes = threading.Lock()  # a riddle may be replaced while a guess at it is measured


def _folder(request: gr.Request) -> Path:
    return session_folder(request) / "riddle"


def _save(folder: Path, riddle: Riddle) -> None:
    write_text(folder / "riddle.json", json.dumps(to_json(riddle)))


def _load(folder: Path) -> Riddle | None:
    try:
        return from_json(Riddle, read_json(folder / "riddle.json", "the riddle"), "the riddle")
    except FileNotFoundError:
        return None


def _unsolved(folder: Path) -> Riddle:
    """The riddle, if it is not over."""
    riddle = _load(folder)
    if riddle is None:
        raise ModelLockError("there is no riddle yet; press New riddle first")
    if not riddle.left:
        raise ModelLockError("this riddle is over; press New riddle")
    return riddle


def _change(folder: Path, before: Riddle, now: Riddle) -> dict[str, Any]:
    """Keep how the game stands now; what is known of it."""
    with _changes:
        if _load(folder) != before:
            raise ModelLockError("the riddle has changed meanwhile; look at it and try again")
        _save(folder, now)
    return now.known()
