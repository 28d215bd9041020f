"""Searching the prompt: guesses from a dictionary, then words exchanged in the best ones."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import replace

from ..evaluation import performance_in_steps
from ..keys import keyed
from ..progress import Progress, numbered, reported
from ..prompts import CATALOGUE
from .setting import Budget, Finding, Target
from .wrong_keys import opened_by

KNOWN_LABELS = 18  # images that tell how good a guess is


def prompt_search(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """Guess prompts, the best of them by the accuracy on a few labelled images.

    Half of the queries go through the catalogue in random order; the key's own prompt is left out, as a user's own
    words are in no dictionary. The other half climbs: a word of the best prompts is exchanged for one of another's.
    """
    rng, own = random.Random(0), target.key.prompt.strip().casefold()
    words = sorted({word for entry in CATALOGUE for word in entry.prompt.split()})
    dictionary = [e.prompt for e in CATALOGUE if e.prompt.casefold() != own]
    rng.shuffle(dictionary)
    labelled = target.dataset.train.subset(KNOWN_LABELS)
    scores: dict[str, float] = {}
    best = {}
    for method, queries in (("dictionary", budget.queries // 2), ("hill climbing", budget.queries)):
        while len(scores) < queries:
            if method == "dictionary" and dictionary:
                guess = dictionary.pop()
            else:
                guess = _changed(rng.choice(sorted(scores, key=scores.get)[-3:]), words, rng)
            if guess in scores or guess.casefold() == own:
                continue
            images = keyed(labelled.images, replace(target.key, prompt=guess), target.editor)
            testing = performance_in_steps(target.locked, images, labelled.labels)
            scores[guess] = yield from reported(testing, "Searching prompts", len(scores), budget.queries)
        best[method] = max(scores, key=scores.get)
    findings = []
    for method, guess in best.items():
        opening = opened_by(replace(target.key, prompt=guess), target, budget, "Searching prompts")
        accuracy = yield from numbered(opening, budget.queries, budget.queries)
        knows = f"the editor, its settings, {KNOWN_LABELS} labelled images"
        queries = budget.queries // 2 if method == "dictionary" else budget.queries
        findings.append(
            Finding("prompt search", f"{method}: {guess}", knows, f"{queries} queries", accuracy, *target.reference())
        )
    return findings


def _changed(prompt: str, words: list[str], rng: random.Random) -> str:
    """A prompt with one word exchanged, added or left out."""
    parts = prompt.split()
    place = rng.randrange(len(parts))
    kind = rng.random()
    if kind < 0.6:
        parts[place] = rng.choice(words)
    elif kind < 0.8 or len(parts) < 2:
        parts.insert(place, rng.choice(words))
    else:
        del parts[place]
    return " ".join(parts)
