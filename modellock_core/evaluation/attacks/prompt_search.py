"""Searching the prompt: guesses from a dictionary, then words exchanged in the best ones."""

from __future__ import annotations

import random

from ...editing.catalogue import CATALOGUE
from ...work import Steps, part_of
from ..performance import performance_with
from .labelled import PUBLIC, armed, few_labels, public_performance
from .setting import Budget, Finding, Target
from .wrong_keys import score_with

STAGE = "Searching prompts"
KNOWN_LABELS = 18  # images that tell how good a guess is, or one of each class


def prompt_search(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Guess prompts, the best of them by the accuracy on a few labelled images.

    Half of the queries go through the catalogue in random order; the key's own prompt is left out, as a user's own
    words are in no dictionary, and nor is its hand. The other half climbs: a word of the best prompts is exchanged for
    one of another's.
    """
    rng, own = random.Random(0), target.key.prompt.strip().casefold()
    words = sorted({word for entry in CATALOGUE for word in entry.prompt.split()})
    dictionary = [e.prompt for e in CATALOGUE if e.prompt.casefold() != own]
    rng.shuffle(dictionary)
    fraction = KNOWN_LABELS / len(target.dataset.train)
    labelled = few_labels(target, fraction, 0)
    public = yield from public_performance(target, fraction, 0, STAGE)
    target = yield from armed(target, labelled, 0)
    scores: dict[str, float] = {}
    best = {}
    for method, queries in (("dictionary", budget.queries // 2), ("hill climbing", budget.queries)):
        while len(scores) < queries:
            if method == "dictionary" and dictionary:
                guess = dictionary.pop()
            else:
                guess = _changed(rng.choice(sorted(scores, key=lambda text: scores[text])[-3:]), words, rng)
            if guess in scores or guess.casefold() == own:
                continue
            testing = performance_with(target.locked, labelled, target.key.guessed(guess), target.editor)
            scores[guess] = yield from part_of(testing, STAGE, len(scores), budget.queries)
        best[method] = max(scores, key=lambda text: scores[text])
    findings: list[Finding] = []
    for method, guess in best.items():
        testing = score_with(target.key.guessed(guess), target, budget)
        score = yield from part_of(testing, "Testing the best prompts", len(findings), len(best))
        knows = f"the editor, its settings, {len(labelled)} labelled images"
        queries = budget.queries // 2 if method == "dictionary" else budget.queries
        findings.append(
            Finding(
                attack="prompt search",
                variant=f"{method}: {guess}",
                knows=knows,
                cost=f"{queries} queries",
                score=score,
                reference=public,
                reference_name=PUBLIC,
                labels=len(labelled),
                queries=queries * len(labelled),
            )
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
