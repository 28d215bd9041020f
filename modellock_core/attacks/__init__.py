"""Attacks on a locked model: what a thief, or a guesser, gets out of it.

End of the pipe: `run_attacks` takes a `Target` and yields progress; the last one carries a list of `Finding`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from statistics import mean

from ..progress import Progress
from .cheap_filters import cheap_filters
from .damage import pruning, weight_noise
from .few_labels import full_finetune, linear_probe
from .outputs import logit_refit, relabelling
from .prompt_search import prompt_search
from .setting import BUDGETS, Attack, Budget, Finding, Target
from .wrong_keys import paraphrases, wrong_editor, wrong_prompts, wrong_settings

ATTACKS: tuple[Attack, ...] = (
    relabelling, logit_refit, wrong_prompts, paraphrases, wrong_settings, wrong_editor, cheap_filters, prompt_search,
    linear_probe, full_finetune, pruning, weight_noise,
)  # fmt: skip

__all__ = ["ATTACKS", "BUDGETS", "Attack", "Budget", "Finding", "Target", "report", "run_attacks", "summary"]


def run_attacks(target: Target, budget: Budget, attacks: tuple[Attack, ...] = ATTACKS) -> Iterator[Progress]:
    """Run attacks one after the other.

    Yields:
        Progress; the last one carries all findings.
    """
    findings: list[Finding] = []
    for attack in attacks:
        findings += yield from attack(target, budget)
    yield Progress("Attacked", 1, 1, result=findings)


def report(target: Target, findings: list[Finding], budget: str) -> dict:
    """What `attack` writes: the card's performances, the summary, and every finding."""
    locked = target.locked
    figures = {name: locked.card.get(f"{name}_performance") for name in ("unlocked", "locked", "vanilla")}
    return {
        "recipe": locked.card.get("recipe"),
        "dataset": locked.card.get("dataset"),
        "budget": budget,
        **figures,
        "chance": locked.task.chance(target.dataset.test.labels),
        "summary": summary(findings),
        "findings": [asdict(finding) for finding in findings],
    }


def summary(findings: list[Finding]) -> dict[str, dict[str, float]]:
    """Of every attack the mean and the highest accuracy, and how many variants of it were run."""
    rows = defaultdict(list)
    for finding in findings:
        rows[finding.attack].append(finding.accuracy)
    return {name: {"mean": mean(values), "max": max(values), "variants": len(values)} for name, values in rows.items()}
