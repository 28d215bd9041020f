"""The report of attacks: the card's figures, every finding, and what each attack reached at its best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from .setting import Finding, Target

TOLERANCE = 0.05  # above its reference, or above chance, a score still tells nothing: some two standard errors


@dataclass(frozen=True)
class AttackSummary:
    """What an attack reached over its variants, fractions of the metric.

    Attributes:
        mean, max: of the scores.
        gain: the most that a variant has above its reference; only attacks with labelled images have references that
            are worth comparing with, of others it is None.
        variants: how many were run.
        opened: whether the attack gets more out of the model than it is worth without its key.
        meaning: what came out, in one sentence.
    """

    mean: float
    max: float
    gain: float | None
    variants: int
    opened: bool
    meaning: str


@dataclass(frozen=True)
class AttackReport:
    """What attacks on a locked model reached.

    Attributes:
        key_hash: of the lock card: which model it was.
        attacks: names of the attacks that were run.
        recipe, dataset, metric: of the lock.
        budget: name of the attacks' budget.
        unlocked_performance, locked_performance, vanilla_performance: of the lock card.
        chance: the performance of whoever guesses.
        sealed: whether the last layer was sealed to the thief.
        summary: of each attack.
        findings: all rows.
        worst_case: the fraction of the test images that the best variant of at least one attack gets right, as robust
            accuracy is measured over an ensemble (RobustBench, arXiv 2010.09670); None if no attack kept its hits.
    """

    key_hash: str
    attacks: tuple[str, ...]
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
    worst_case: float | None = None
    sealed: bool = False


def attack_report(target: Target, findings: Sequence[Finding], budget: str, attacks: Sequence[str]) -> AttackReport:
    """The report of what attacks of these names found with a budget of this name."""
    locked = target.locked
    return AttackReport(
        key_hash=locked.card.key_hash,
        attacks=tuple(attacks),
        recipe=locked.card.recipe,
        dataset=locked.card.dataset,
        metric=locked.task.metric_name,
        budget=budget,
        unlocked_performance=locked.card.unlocked_performance,
        locked_performance=locked.card.locked_performance,
        vanilla_performance=locked.card.vanilla_performance,
        chance=target.chance,
        summary=summary(findings, target.chance),
        findings=tuple(findings),
        worst_case=worst_case(findings, len(target.dataset.test)),
        sealed=locked.sealed_layer is not None,
    )


def summary(findings: Sequence[Finding], chance: float) -> dict[str, AttackSummary]:
    """What each attack reached."""
    rows = defaultdict(list)
    for finding in findings:
        rows[finding.attack].append(finding)
    return {name: _summed_up(found, chance) for name, found in rows.items()}


def _summed_up(rows: Sequence[Finding], chance: float) -> AttackSummary:
    best = max(rows, key=lambda row: row.score)
    scores = [row.score for row in rows]
    if any(row.labels for row in rows):
        gaining = max(rows, key=lambda row: row.score - row.reference)
        gain = gaining.score - gaining.reference
        opened = gain > TOLERANCE
        verb = "gains" if opened else "gains no more than"
        beside = f"{gaining.score:.0%} with {gaining.labels} labels, where the public start has {gaining.reference:.0%}"
        meaning = f"The thief {verb} {f'{gain:.0%} by it' if opened else 'anyone with the same labels'}: {beside}."
        return AttackSummary(mean(scores), best.score, gain, len(rows), opened, meaning)
    opened = best.score > chance + 2 * TOLERANCE
    meaning = (
        f"It opens the model to {best.score:.0%} ({best.variant})."
        if opened
        else f"Nothing opens: {best.score:.0%} at most, where a guess has {chance:.0%}."
    )
    return AttackSummary(mean(scores), best.score, None, len(rows), opened, meaning)


def worst_case(findings: Sequence[Finding], count: int) -> float | None:
    """The fraction of `count` test images that the best variant of at least one attack gets right."""
    best: dict[str, Finding] = {}
    for finding in findings:
        known = best.get(finding.attack)
        if finding.hits is not None and (known is None or finding.score > known.score):
            best[finding.attack] = finding
    hits = [set(finding.hits or ()) for finding in best.values()]
    return len(set().union(*hits)) / count if hits else None
