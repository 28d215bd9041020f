"""Keys that are not the key: other prompts, other words for it, other hands, other settings, another editor."""

from __future__ import annotations

import random
from dataclasses import replace

from ...editing.catalogue import CATALOGUE, find
from ...editing.editors import bundled_editors
from ...editing.key import Key
from ...work import Steps, part_of
from ..performance import performance_with
from .setting import Budget, Finding, Target

HANDS = 5  # other hands that are tried
LEAKED_HAND = 12  # wrong prompts that are tried in the right hand
PARAPHRASES = ("{}", "{} style", "make it look like {}", "turn it into {}", "a picture of {}", "like {}")


def score_with(key: Key, target: Target, budget: Budget) -> Steps[float]:
    """The metric on test images with any key applied."""
    return (yield from performance_with(target.locked, target.dataset.test.subset(budget.test_images), key))


def _try_keys(attack: str, keys: dict[str, Key], target: Target, budget: Budget, knows: str) -> Steps[list[Finding]]:
    """A finding for each of the keys, by variant."""
    findings = []
    for i, (variant, key) in enumerate(keys.items()):
        score = yield from part_of(score_with(key, target, budget), f"Trying a {attack}", i, len(keys))
        findings.append(
            Finding(
                attack=attack,
                variant=variant,
                knows=knows,
                cost="one guess",
                score=score,
                **target.reference(),
            )
        )
    return findings


def wrong_prompts(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Other prompts of the catalogue that the editor knows, with the key's settings.

    Where the key has a hand, a guesser does not know it: he tries without one. The same prompts in the key's own hand
    are rows of their own, for a key of which half has leaked.
    """
    own = target.key.prompt.strip().casefold()
    prompts = [e.prompt for e in CATALOGUE if e.trained and e.prompt.casefold() != own]
    if budget.prompts is not None:
        prompts = sorted(random.Random(0).sample(prompts, min(budget.prompts, len(prompts))), key=prompts.index)
    keys = {prompt: target.key.guessed(prompt) for prompt in prompts}
    findings = yield from _try_keys("wrong prompt", keys, target, budget, "the editor and its settings")
    if target.key.hand is not None:
        few = prompts[:: len(prompts) // LEAKED_HAND or 1]
        keys = {prompt: replace(target.key.guessed(prompt), hand=target.key.hand) for prompt in few}
        knows = "the hand, the editor and its settings"
        findings += yield from _try_keys("wrong prompt in the right hand", keys, target, budget, knows)
    return findings


def wrong_hands(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The right prompt with other hands and without one; no rows for a key that has none."""
    if target.key.hand is None:
        return []
    drawn = random.Random(0)
    hands = [f"{drawn.getrandbits(128):032x}" for _ in range(HANDS)]
    keys = {f"another hand, {i + 1}": replace(target.key, hand=hand) for i, hand in enumerate(hands)}
    keys["no hand"] = replace(target.key, hand=None)
    return (yield from _try_keys("wrong hand", keys, target, budget, "all of the key but its hand"))


def paraphrases(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The key prompt said in other words; without the key's hand, where it has one."""
    entry = find(target.key.prompt)
    subject = entry.name if entry else target.key.prompt.strip().split(" ", 1)[-1]
    phrases = [text for text in (form.format(subject) for form in PARAPHRASES) if text != target.key.prompt]
    keys = {text: target.key.guessed(text) for text in phrases}
    knows = "what the prompt is about, the editor and its settings"
    return (yield from _try_keys("paraphrase", keys, target, budget, knows))


def wrong_settings(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The right prompt and hand with another alpha, seed, number of steps, guidance or size."""
    key = target.key
    changes = [{"alpha": alpha} for alpha in (0.25, 0.75, 1.0) if alpha != key.alpha]
    changes += [{"seed": key.seed + i} for i in (1, 2, 3)]
    changes += [{"steps": key.steps + 1}, {"guidance": key.guidance * 1.5}, {"size": key.size * 3 // 16 * 8}]
    keys = {", ".join(f"{k} {v:g}" for k, v in change.items()): key.altered(**change) for change in changes}
    keys = {variant: wrong for variant, wrong in keys.items() if wrong != key}  # one at the end of its range stays
    return (yield from _try_keys("wrong setting", keys, target, budget, "all of the key but this setting"))


def wrong_editor(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The right prompt, hand and settings with every other bundled editor."""
    others = [name for name in bundled_editors() if name != target.key.editor]
    keys = {name: target.key.with_editor(name) for name in others}
    return (yield from _try_keys("wrong editor", keys, target, budget, "all of the key but its editor"))
