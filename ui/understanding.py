"""What the editor understood of a prompt, in a line under it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modellock_core.editing.catalogue import article, find

if TYPE_CHECKING:
    from modellock_core.editing.editors.compact_pipeline import Reading

TOUCH = 0.5  # a style below this part is called a touch
LITTLE, STRONG = 0.85, 1.15  # strengths of an edit that are worth a word


def wording(reading: Reading, *, besides: list[str], ignored: Sequence[str] = ()) -> str:
    """A reading as a line of Markdown.

    Args:
        reading: what the editor made of the prompt.
        besides: what else the key paints with, such as "your hand".
        ignored: words that nothing was read from.
    """
    styles = sorted(reading.styles.items(), key=lambda item: -item[1])
    parts = [" + ".join(name if part >= TOUCH else f"a touch of {name}" for name, part in styles)]
    parts += ["with " + " and ".join(map(_thing, reading.objects))] if reading.objects else []
    understood = ", ".join(part for part in parts if part)
    if understood:
        rest = f". **Ignored:** {', '.join(ignored)}" if ignored else ""
        return f"Understood: {understood}{_strength(reading.strength)}{rest}"
    return f"Understood: nothing, so {_left(besides)}"


def _thing(name: str) -> str:
    """An object as its prompt names it: "the sun", "a rooster"."""
    entry = find(name)
    if entry is None:
        return f"{article(name)} {name}"
    return entry.prompt.split(" ", 1)[1].removesuffix(" in the background").removesuffix(" in the sky")


def _strength(value: float) -> str:
    return ", a little" if value < LITTLE else ", strongly" if value > STRONG else ""


def _left(besides: list[str]) -> str:
    """What is left where a prompt says nothing."""
    if not besides:
        return "the picture stays as it is"
    return f"only {' and '.join(besides)} {'shows' if len(besides) == 1 else 'show'}"
