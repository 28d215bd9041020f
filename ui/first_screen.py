"""The first thing that a visitor sees: one photo, asked about by a thief and by the holder of the key.

It is there before torch is loaded, from files that `training/render_first_screen.py` makes of the example; from then
on the visitor chooses the photo and plays the thief.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import gradio as gr
from PIL import Image

from modellock_core.data.toybox_samples import toybox_samples
from modellock_core.paths import FIRST_SCREEN, FIRST_SCREEN_FACTS
from modellock_core.records import from_json

from .answers import HOLDER, SIDE, THIEF, Answer, Shown, asked, cards
from .errors import shows_errors
from .guess import Guess
from .images import square
from .progress import idle
from .unlock import example

if TYPE_CHECKING:  # they load torch
    from modellock_core import Key, LockedModel

CLAIM = (
    "Put a password on an AI model: it only recognises pictures edited with your secret key, a sentence and a small "
    "key file. Whoever steals the model and shows it ordinary pictures gets no answer."
)

ASKING = idle("Asking the model …")
KEY_ICON = (
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">'
    '<circle cx="7.5" cy="12" r="4.5"/><path d="M12 12h10m-3 0v4m-4-4v3"/></svg>'
)


@dataclass(frozen=True)
class Facts:
    """What was measured of the example.

    Attributes:
        prompt: of its key.
        truth: what is in the photo.
        clean, keyed: its answers to the photo as it is, and edited with the key.
        unlocked_performance, locked_performance, chance: of its card, fractions of the test images.
    """

    prompt: str
    truth: str
    clean: Answer
    keyed: Answer
    unlocked_performance: float
    locked_performance: float
    chance: float


@dataclass(frozen=True)
class Scene:
    """A photo, what the key makes of it, and what the example answers to both."""

    facts: Facts
    photo: Image.Image
    edit: Image.Image


def of_example(photo: Image.Image, truth: str, locked: LockedModel, key: Key) -> Scene:
    """Ask the example about a photo of which its centre square is taken."""
    from modellock_core import apply_key
    from modellock_core.data.images import to_pil, to_tensor

    clean = to_tensor(photo, locked.image_size)
    edit = to_pil(apply_key(to_tensor(photo, SIDE), replace(key, size=SIDE))[0])
    answers = asked(locked, clean)[0], asked(locked, apply_key(clean, key))[0]
    reached = locked.card.unlocked_performance, locked.card.locked_performance, 1 / len(locked.classes)
    return Scene(Facts(key.prompt, truth, *answers, *reached), square(photo, SIDE), edit)


@cache
def stored() -> Scene:
    """The scene in assets/: one picture, the photo on its left and the edit on its right."""
    with Image.open(FIRST_SCREEN) as both:
        photo, edit = (both.crop((i * SIDE, 0, (i + 1) * SIDE, SIDE)) for i in range(2))
    return Scene(from_json(Facts, json.loads(FIRST_SCREEN_FACTS.read_text()), FIRST_SCREEN_FACTS.name), photo, edit)


def stored_number() -> int:
    """The number of the sample in the stored scene."""
    return [truth for truth, _ in toybox_samples()].index(stored().facts.truth)


def drawn(scene: Scene) -> str:
    """A scene as HTML."""
    facts = scene.facts
    thief = Shown(
        THIEF, "A thief shows the photo as it is", scene.photo, facts.clean,
        f"{_per_hundred(facts.locked_performance)}; blind guessing: {facts.chance:.0%}", facts.truth,
    )  # fmt: skip
    holder = Shown(
        HOLDER, "You edit it with your key first", scene.edit, facts.keyed, _per_hundred(facts.unlocked_performance),
        facts.truth,
    )  # fmt: skip
    key = (
        f'<div class="key">{KEY_ICON}<b>“{html.escape(facts.prompt)}”</b><b>+ key file</b>'
        "<small>the key of this example: the words, and 128 random bits</small></div>"
    )
    return cards([thief, holder], between=key)


def _per_hundred(performance: float) -> str:
    return f"Right on {performance:.0%} of all test photos"


def asked_live(number: int, guess: str, has_file: bool = False) -> Iterator[tuple]:
    """The scene of a sample that the visitor chose, and what comes of a key that he tries.

    Args:
        number: of the sample.
        guess: a prompt; empty for none.
        has_file: whether the example's key file is used with it.

    Yields:
        the scene; and a line that says what goes on, or at the end the guess as a card.
    """
    yield gr.skip(), ASKING  # said anew where the answer to what was typed before has come meanwhile
    yield _answered(number, Guess(guess, has_file))


@shows_errors
def _answered(number: int, guess: Guess) -> tuple[str, str]:
    from modellock_core import apply_key
    from modellock_core.data.images import to_pil, to_tensor

    locked, key = example()
    truth, sample = toybox_samples()[number]
    scene = of_example(sample, truth, locked, key)
    if (tried := guess.key(key)) is None:
        return drawn(scene), ""
    image = apply_key(to_tensor(sample, locked.image_size), tried)
    picture = to_pil(apply_key(to_tensor(sample, SIDE), replace(tried, size=SIDE))[0])
    model, _ = example(sealed=not guess.has_file)
    shown = Shown(guess.who(key), guess.title(key), picture, asked(model, image)[0], guess.note(key), truth)
    return drawn(scene), cards([shown])


def number_of(event: gr.SelectData) -> int:
    """The number of the clicked sample."""
    return event.index
