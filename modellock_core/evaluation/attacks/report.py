"""The report of attacks: the card's figures, every finding, and what each attack reached at its best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from .setting import Finding, Target


@dataclass(frozen=True)
class AttackSummary:
    """What an attack reached over its variants, fractions of the metric."""

    mean: float
    max: float
    variants: int


@dataclass(frozen=True)
class AttackReport:
    """What attacks on a locked model reached.

    Attributes:
        recipe, dataset, metric: of the lock.
        budget: name of the attacks' budget.
        unlocked_performance, locked_performance, vanilla_performance: of the lock card.
        chance: the performance of whoever guesses.
        summary: of each attack.
        findings: all rows.
    """

    recipe: str
    dataset: str
    metric: str
    budget: str
    unlocked_performance: float
    locked_performance: float
    vanilla_performance: float | None
    chance: float
    summary: dict[str, AttackSummary]
    findings: tuple[Finding, ...]


def attack_report(target: Target, findings: Sequence[Finding], budget: str) -> AttackReport:
    """The report of findings made with a budget of this name."""
    locked = target.locked
    return AttackReport(
        recipe=locked.card.recipe,
        dataset=locked.card.dataset,
        metric=locked.task.metric_name,
        budget=budget,
        unlocked_performance=locked.card.unlocked_performance,
        locked_performance=locked.card.locked_performance,
        vanilla_performance=locked.card.vanilla_performance,
        chance=locked.task.chance(target.dataset.test.targets),
        summary=summary(findings),
        findings=tuple(findings),
    )


def summary(findings: Sequence[Finding]) -> dict[str, AttackSummary]:
    """Of every attack the mean and the highest score, and how many variants of it were run."""
    rows = defaultdict(list)
    for finding in findings:
        rows[finding.attack].append(finding.score)
    return {name: AttackSummary(mean(scores), max(scores), len(scores)) for name, scores in rows.items()}
