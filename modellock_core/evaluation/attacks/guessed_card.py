"""The artefact itself: can the lock card tell a guesser that he has the key?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from ...editing.catalogue import CATALOGUE
from ...work import Progress, Steps
from .setting import Budget, Finding, Target

GUESSED_ID = "0" * 32


def guessed_card(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Hash every prompt of the catalogue with the key's own settings, and look for it in the public card.

    A card that held a hash of the prompt would give the key away in seconds, without an image: the score is then the
    holder's, else that of clean images.
    """
    card, settings, hit = target.locked.card, asdict(target.key), False
    for i, prompt in enumerate([target.key.prompt, *(entry.prompt for entry in CATALOGUE)]):
        hit |= card.key_hash in _hashes(prompt, settings)
        yield Progress("Reading the card", i + 1, len(CATALOGUE) + 1)
    score = card.unlocked_performance if hit else card.locked_performance
    knows = "the card, and every setting but the key's own random bits"
    return [Finding("lock card", "hash of a guess", knows, "one hash a guess", score, *target.reference())]


def _hashes(prompt: str, settings: dict[str, object]) -> set[str]:
    """What a guesser can hash: the prompt, and the whole key without its random bits."""
    guesses = [prompt, json.dumps(settings | {"prompt": prompt, "id": GUESSED_ID}, sort_keys=True)]
    return {hashlib.sha256(guess.encode()).hexdigest() for guess in guesses}
