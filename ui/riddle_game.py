"""The rules of the riddle: what a guess is worth, what a hint tells, and what a player may know of a game.

Both who plays alone and who plays with a class hold a `Riddle`; the page gets only what `Riddle.known` tells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modellock_core.editing.catalogue import CATALOGUE, find
from modellock_core.errors import ModelLockError

if TYPE_CHECKING:  # it loads torch
    from modellock_core.editing.editors.compact_pipeline import Reading

TRIES = 8
POINTS, WRONG_GUESS = 100, 8  # of a perfect game; that a wrong guess costs
HINTS = {"kind": 10, "letter": 10, "picture": 20}  # what each costs, in the order in which they are given
# of the way from the accuracy without a key to that with the key, up to which a guess is so warm
LEVELS = {"ice-cold": 0.2, "cold": 0.45, "warm": 0.75, "hot": 1.0}
NOISE = 0.04  # accuracies that are nearer to each other count as alike

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

    def known(self, *, over: bool = False) -> dict[str, Any]:
        """What the player may know; the secret prompt only when the game is over.

        Args:
            over: ends a game with guesses left, as where a class is told the prompt.
        """
        left = 0 if over else self.left
        last, guesses = self.without_key, []
        for guess in self.guesses:
            warmth = self.warmth(guess.accuracy)
            guesses.append({
                "prompt": guess.prompt, "accuracy": guess.accuracy, "change": guess.accuracy - last, "warmth": warmth,
                "level": next(name for name, top in LEVELS.items() if warmth <= top), "found": guess.found,
            })  # fmt: skip
            last = guess.accuracy
        return {
            "guesses": guesses, "guesses_left": left, "points": self.points if left or self.found else 0,
            "without_key": self.without_key,
            "with_key": self.with_key, "hints": self._hints(), "found": self.found,
            "key_prompt": None if left else self.prompt,
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


def playable(riddle: Riddle | None) -> Riddle:
    """The game itself, if there is one that is not over."""
    if riddle is None:
        raise ModelLockError("there is no riddle yet; press New riddle first")
    if not riddle.left:
        raise ModelLockError("this riddle is over; press New riddle")
    return riddle


def answered(riddle: Riddle, text: str | None, measured: Callable[[str], float]) -> Riddle:
    """The game after a guess.

    Args:
        text: what the player has written or picked.
        measured: gives the accuracy that the model reaches with a prompt.

    Raises:
        ModelLockError: it is no guess, or the same as one before; that costs nothing.
    """
    prompt, reading = _understood(text)
    if prompt.casefold() in (guess.prompt.casefold() for guess in riddle.guesses):
        raise ModelLockError(f"you have tried “{prompt}” already; it costs nothing, try another prompt")
    _, wanted = _understood(riddle.prompt)
    found = prompt == riddle.prompt or _same(reading, wanted)
    return replace(riddle, guesses=(*riddle.guesses, Guess(prompt, measured(prompt), found)))


def hinted(riddle: Riddle) -> Riddle:
    """The game after the next hint.

    Raises:
        ModelLockError: all were given.
    """
    if riddle.hints == len(HINTS):
        raise ModelLockError("there are no more hints")
    return replace(riddle, hints=riddle.hints + 1)


def _understood(text: str | None) -> tuple[str, Reading]:
    """A guess as a prompt, and what the editor understands of it."""
    from modellock_core import load_editor

    prompt = (text or "").strip()
    if not prompt:
        raise ModelLockError("there is no guess yet; choose a look, or write one")
    entry = find(prompt)
    prompt = entry.prompt if entry else prompt
    reading = load_editor("compact").pipeline.read(prompt)
    if not reading.styles:
        raise ModelLockError(f"the editor finds no style in “{prompt}”; it costs nothing, try another prompt")
    return prompt, reading


def _same(one: Reading, other: Reading) -> bool:
    """Whether two prompts mean the same edit, in other words."""
    return one.styles.keys() == other.styles.keys() and one.objects == other.objects
