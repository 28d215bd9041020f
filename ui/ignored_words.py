"""Which words of a prompt the editor passes over: a visitor is told, as otherwise half a prompt is lost silently."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from modellock_core.editing.catalogue import find

if TYPE_CHECKING:
    from modellock_core.editing.editors.compact_pipeline import Reading

TESTED = 12  # words; each takes two readings
FALL = 0.25  # a style that falls by so much without a word was read from it
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
FILLERS = frozenset(re.findall(r"\w+", """
    a an the in on at of with by for from to as and or but it its is are be this that these my your his her some very so
    lots like look looks looking style styled styles made make makes turn turned turns into painted painting paint drawn
    draw drawing picture pictures image photo photograph background front behind under over seen please bit little
    slightly strong strongly all everything there
"""))  # fmt: skip


def ignored_words(prompt: str, read: Callable[[str], Reading]) -> list[str]:
    """The words of a prompt that nothing was read from, in their order.

    A word counts as read if it is part of the name of what was read, if that is read from the word alone, or if that
    is lost without the word.
    """
    reading = read(prompt)
    names = {*reading.styles, *reading.objects}
    if not names:
        return []
    told = " ".join(f"{name} {entry.prompt if (entry := find(name)) else ''}" for name in names)
    known = FILLERS | {_root(word) for word in WORD.findall(told)}
    doubtful = [word for word in dict.fromkeys(WORD.findall(prompt)) if _root(word) not in known][:TESTED]
    return [word for word in doubtful if not _is_read(word, prompt, reading, read)]


def _root(word: str) -> str:
    return word.casefold().replace("’", "'").removesuffix("'s")


def _is_read(word: str, prompt: str, reading: Reading, read: Callable[[str], Reading]) -> bool:
    alone = read(word)
    if {*reading.styles, *reading.objects} & {*alone.styles, *alone.objects}:
        return True
    without = read(re.sub(rf"\b{re.escape(word)}\b", " ", prompt))
    lost = any(without.styles.get(name, 0.0) < part - FALL for name, part in reading.styles.items())
    return lost or not {*reading.objects} <= {*without.objects} or without.strength != reading.strength
