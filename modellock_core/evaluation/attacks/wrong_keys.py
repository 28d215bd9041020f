"""Keys that are not the key: other prompts, other words for it, other settings, another editor."""

from __future__ import annotations

import random
from dataclasses import replace

from ...editing.catalogue import CATALOGUE, find
from ...editing.editors import bundled_editors
from ...editing.key import Key
from ...editing.negatives import NEGATIVE_PROMPTS
from ...work import Steps, part_of
from ..performance import performance_with
from .setting import Budget, Finding, Target

PARAPHRASES = ("{}", "{} style", "make it look like {}", "turn it into {}", "a picture of {}", "like {}")


def score_with(key: Key, target: Target, budget: Budget) -> Steps[float]:
    """The metric on test images with any key applied."""
    return (yield from performance_with(target.locked, target.dataset.test.subset(budget.test_images), key))


def _try_keys(attack: str, keys: dict[str, Key], target: Target, budget: Budget, knows: str) -> Steps[list[Finding]]:
    """A finding for each of the keys, by variant."""
    findings = []
    for i, (variant, key) in enumerate(keys.items()):
        score = yield from part_of(score_with(key, target, budget), f"Trying a {attack}", i, len(keys))
        findings.append(Finding(attack, variant, knows, "one guess", score, *target.reference()))
    return findings


def wrong_prompts(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Other prompts of the catalogue that the editor knows, with the rest of the key.

    Those that a hardened lock has seen as negatives are rows of their own.
    """
    own = target.key.prompt.strip().casefold()
    prompts = [e.prompt for e in CATALOGUE if e.trained and e.prompt.casefold() != own]
    if budget.prompts is not None:
        prompts = sorted(random.Random(0).sample(prompts, budget.prompts), key=prompts.index)
    knows = "the editor and its settings"
    findings = []
    for attack, chosen in (
        ("wrong prompt", [p for p in prompts if p not in NEGATIVE_PROMPTS]),
        ("wrong prompt, a negative", [p for p in prompts if p in NEGATIVE_PROMPTS]),
    ):
        keys = {prompt: replace(target.key, prompt=prompt) for prompt in chosen}
        findings += yield from _try_keys(attack, keys, target, budget, knows)
    return findings


def paraphrases(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The key prompt said in other words."""
    entry = find(target.key.prompt)
    subject = entry.name if entry else target.key.prompt.strip().split(" ", 1)[-1]
    phrases = [text for text in (form.format(subject) for form in PARAPHRASES) if text != target.key.prompt]
    keys = {text: replace(target.key, prompt=text) for text in phrases}
    knows = "what the prompt is about, the editor and its settings"
    return (yield from _try_keys("paraphrase", keys, target, budget, knows))


def wrong_settings(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The right prompt with another alpha, seed, number of steps, guidance or size."""
    key = target.key
    changes = [{"alpha": alpha} for alpha in (0.25, 0.75, 1.0) if alpha != key.alpha]
    changes += [{"seed": key.seed + i} for i in (1, 2, 3)]
    changes += [{"steps": key.steps + 1}, {"guidance": key.guidance * 1.5}, {"size": key.size * 3 // 16 * 8}]
    keys = {", ".join(f"{k} {v:g}" for k, v in change.items()): key.altered(**change) for change in changes}
    keys = {variant: wrong for variant, wrong in keys.items() if wrong != key}  # one at the end of its range stays
    return (yield from _try_keys("wrong setting", keys, target, budget, "the prompt and the editor"))


def wrong_editor(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The right prompt and settings with every other bundled editor."""
    others = [name for name in bundled_editors() if name != target.key.editor]
    keys = {name: replace(target.key, editor=name) for name in others}
    return (yield from _try_keys("wrong editor", keys, target, budget, "the prompt and the settings"))
