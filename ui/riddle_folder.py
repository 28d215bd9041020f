"""A riddle as a folder: a model that was locked with a secret prompt, and how its game stands.

The folders of riddles that nobody has yet lie in the process folder, under names that nobody can guess.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from modellock_core.editing.mix import Mix
from modellock_core.locking.recipe import FinetuneConfig, Recipe
from modellock_core.reading import read_json
from modellock_core.records import from_json, to_json
from modellock_core.writing import write_text

from .process_folder import process_folder
from .riddle_game import SECRETS, Riddle

if TYPE_CHECKING:  # they load torch
    from modellock_core import Dataset, Work
    from modellock_core.work import Steps

IMAGES = (300, 90)  # to lock with, and to measure a guess on
# no negatives: prompts near the key are to open the model a little
RECIPE = Recipe("riddle", Mix(copies=1, training_alpha=0.8), FinetuneConfig(epochs=3))
GAME = "riddle.json"
_measuring = threading.Lock()  # two cores measure one guess after the other as fast


def make_riddle() -> Work[Path]:
    """Work that locks a model with a prompt drawn at random; its result is the riddle's folder."""
    from modellock_core import Work

    return Work(_steps())


def _steps() -> Steps[Path]:
    from modellock_core import Key, Progress, lock

    yield Progress("Loading images")
    secret = random.SystemRandom().choice(SECRETS).prompt
    work = lock(_images(), Key.create(secret), recipe=RECIPE)
    yield from work
    model = work.result().model
    home = process_folder() / "riddles"
    home.mkdir(exist_ok=True)  # without parents: nothing is written once the process folder is gone
    folder = Path(tempfile.mkdtemp(dir=home))
    model.write(folder)
    save_game(folder, Riddle(secret, model.card.locked_performance, model.card.unlocked_performance))
    return folder


def save_game(folder: Path, riddle: Riddle) -> None:
    """Keep how a game stands."""
    write_text(folder / GAME, json.dumps(to_json(riddle)))


def load_game(folder: Path) -> Riddle | None:
    """How a game stands; None where there is none."""
    try:
        return from_json(Riddle, read_json(folder / GAME, "the riddle"), "the riddle")
    except FileNotFoundError:
        return None


def measured_guess(folder: Path, secret: str, prompt: str) -> float:
    """The accuracy that a riddle's model reaches with a prompt, in [0, 1]."""
    from modellock_core import Key, LockedModel, Work
    from modellock_core.evaluation.performance import performance_with

    key = Key.create(secret).altered(prompt=prompt)
    with _measuring:
        return Work(performance_with(LockedModel.load(folder), _images().test, key)).result()


@lru_cache(maxsize=1)
def _images() -> Dataset:
    """Toybox's images for riddles, decoded once."""
    from modellock_core import load_dataset

    return load_dataset("toybox").limited(*IMAGES)
