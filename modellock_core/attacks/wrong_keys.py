"""Keys that are not the key: other prompts, other words for it, other settings, another editor."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import replace

from ..decoys import DECOY_PROMPTS
from ..editors import bundled_editors, load_editor
from ..evaluation import keyed_images, performance_in_steps
from ..keys import Key
from ..progress import Progress, numbered, reported
from ..prompts import CATALOGUE, find
from .setting import Budget, Finding, Target

PARAPHRASES = ("{}", "{} style", "make it look like {}", "turn it into {}", "a picture of {}", "like {}")


def opened_by(key: Key, target: Target, budget: Budget, stage: str) -> Generator[Progress, None, float]:
    """The metric on test images keyed with any key."""
    test = target.dataset.test.subset(budget.test_images)
    images = yield from keyed_images(test.images, key, load_editor(key.editor), stage)
    return (yield from reported(performance_in_steps(target.locked, images, test.labels), stage))


def _try_keys(
    attack: str, keys: dict[str, Key], target: Target, budget: Budget, knows: str
) -> Generator[Progress, None, list[Finding]]:
    """Open the target with keys by variant."""
    findings = []
    for i, (variant, key) in enumerate(keys.items()):
        opening = opened_by(key, target, budget, f"Trying {attack}s")
        accuracy = yield from numbered(opening, i, len(keys))
        findings.append(Finding(attack, variant, knows, "one guess", accuracy, *target.reference()))
    return findings


def wrong_prompts(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """Other prompts of the catalogue that the editor knows, with the rest of the key.

    Those that a hardened lock has seen as decoys are rows of their own.
    """
    own = target.key.prompt.strip().casefold()
    prompts = [e.prompt for e in CATALOGUE if e.trained and e.prompt.casefold() != own]
    if budget.prompts is not None:
        prompts = sorted(random.Random(0).sample(prompts, budget.prompts), key=prompts.index)
    knows = "the editor and its settings"
    findings = []
    for attack, chosen in (
        ("wrong prompt", [p for p in prompts if p not in DECOY_PROMPTS]),
        ("wrong prompt, a decoy", [p for p in prompts if p in DECOY_PROMPTS]),
    ):
        keys = {prompt: replace(target.key, prompt=prompt) for prompt in chosen}
        findings += yield from _try_keys(attack, keys, target, budget, knows)
    return findings


def paraphrases(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The key prompt said in other words."""
    entry = find(target.key.prompt)
    subject = entry.name if entry else target.key.prompt.strip().split(" ", 1)[-1]
    phrases = [text for text in (form.format(subject) for form in PARAPHRASES) if text != target.key.prompt]
    keys = {text: replace(target.key, prompt=text) for text in phrases}
    knows = "what the prompt is about, the editor and its settings"
    return (yield from _try_keys("paraphrase", keys, target, budget, knows))


def wrong_settings(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The right prompt with another alpha, seed, number of steps, guidance or size."""
    key = target.key
    changes = [{"alpha": alpha} for alpha in (0.25, 0.75, 1.0) if alpha != key.alpha]
    changes += [{"seed": key.seed + i} for i in (1, 2, 3)]
    changes += [{"steps": key.steps + 1}, {"guidance": key.guidance * 1.5}, {"size": key.size * 3 // 16 * 8}]
    keys = {", ".join(f"{k} {v:g}" for k, v in change.items()): replace(key, **change) for change in changes}
    return (yield from _try_keys("wrong setting", keys, target, budget, "the prompt and the editor"))


def wrong_editor(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The right prompt and settings with every other bundled editor."""
    others = [name for name in bundled_editors() if name != target.key.editor]
    keys = {name: replace(target.key, editor=name) for name in others}
    return (yield from _try_keys("wrong editor", keys, target, budget, "the prompt and the settings"))
