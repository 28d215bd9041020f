"""A guess at the key of a locked model: words, with the key file or without, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from modellock_core.editing.editors import bundled_editors

from .answers import HOLDER, THIEF
from .understanding import TOUCH

if TYPE_CHECKING:  # they load torch
    from modellock_core import Key

WITH_FILE = (
    "Other words, with the key file. Its random bits decide most of the edit, so some other words open the model, too: "
    "keep the file safe."
)


class Guess(NamedTuple):
    """A prompt that is tried, and whether the rest of the key (its file) is there too."""

    prompt: str
    has_file: bool

    @property
    def words(self) -> str:
        """The prompt without spaces around it; empty where nothing is tried."""
        return (self.prompt or "").strip()

    def key(self, key: Key) -> Key | None:
        """The key that is tried; None where nothing is."""
        if not self.words:
            return None
        if self._is_prompt_of(key):  # in whatever case
            return key if self.has_file else key.guessed(key.prompt)
        return replace(key, prompt=self.words) if self.has_file else key.guessed(self.words)

    def who(self, key: Key) -> str:
        """`HOLDER` for the whole key, else `THIEF`."""
        return HOLDER if self.has_file and self._is_prompt_of(key) else THIEF

    def title(self, key: Key) -> str:
        """Who tries what."""
        who = "A thief who has your key file" if self.has_file else "A thief without the key file"
        return f"{'You, the holder' if self.who(key) == HOLDER else who}: “{self.words}”"

    def note(self, key: Key) -> str:
        """What is right and wrong about it."""
        if not self._means_prompt_of(key):
            return WITH_FILE if self.has_file else "Wrong words, and no key file."
        right = "The right words" if self._is_prompt_of(key) else "Nearly the right words"
        if key.hand is None and key.style is None:
            return f"{right}; this key has no random bits beside them."
        if self.has_file:
            return f"{right}, and the key file."
        return f"{right}, but painted with other random bits: the key file is missing. Tick “Use the key file too”."

    def _is_prompt_of(self, key: Key) -> bool:
        return self.words.casefold() == key.prompt.strip().casefold()

    def _means_prompt_of(self, key: Key) -> bool:
        """Whether the editor reads the same out of both."""
        if self._is_prompt_of(key) or key.editor not in bundled_editors():
            return self._is_prompt_of(key)
        from modellock_core import load_editor

        read = load_editor(key.editor).read
        (styles, objects), secret = (
            ({name for name, part in reading.styles.items() if part >= TOUCH}, set(reading.objects))
            for reading in (read(self.words), read(key.prompt))
        )
        return bool(styles or objects) and (styles, objects) == secret
