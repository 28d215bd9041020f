"""Attacks on a locked model: what a thief, or a guesser, gets out of it.

End of the pipe: `run_attacks` takes a `Target` and makes a list of `Finding`; `report.py` sums them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...work import Steps, work
from .cheap_filters import cheap_filters
from .few_labels import full_finetune, linear_probe
from .guessed_card import guessed_card
from .outputs import label_permutation, logit_probe
from .prompt_search import prompt_search
from .report import AttackReport, attack_report, summary
from .setting import BUDGETS, Attack, Budget, Finding, Target
from .weight_damage import pruning, weight_noise
from .wrong_keys import paraphrases, wrong_editor, wrong_prompts, wrong_settings

ATTACKS: tuple[Attack, ...] = (
    guessed_card, label_permutation, logit_probe, wrong_prompts, paraphrases, wrong_settings, wrong_editor,
    cheap_filters, prompt_search, linear_probe, full_finetune, pruning, weight_noise,
)  # fmt: skip

__all__ = [
    "ATTACKS", "BUDGETS", "Attack", "AttackReport", "Budget", "Finding", "Target", "attack_report", "run_attacks",
    "summary",
]  # fmt: skip


@work
def run_attacks(target: Target, budget: Budget, attacks: Sequence[Attack] = ATTACKS) -> Steps[list[Finding]]:
    """Run attacks one after the other.

    Returns:
        Work that makes a list of all findings.
    """
    findings: list[Finding] = []
    for attack in attacks:
        findings += yield from attack(target, budget)
    return findings
