"""Attacks on a locked model: what a thief, or a guesser, gets out of it.

End of the pipe: `run_attacks` takes a `Target` and makes a list of `Finding`; `report.py` sums them up.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...work import Steps, work
from ..thieves import EVERYBODY, attacks_of
from .artefact import artefact
from .cheap_filters import cheap_filters
from .editor_space import editor_space
from .extraction import extraction
from .fine_pruning import fine_pruning
from .finetuning import finetuning
from .hybrids import hybrids
from .input_disguise import input_disguise
from .known_edit import known_edit
from .leaked_pairs import leaked_pairs
from .linear_probe import linear_probe
from .outputs import label_permutation, logit_probe
from .prompt_search import prompt_search
from .relocking import relocking
from .report import AttackReport, attack_report, summary
from .setting import BUDGETS, Attack, Budget, Finding, Target
from .soft_prompt import soft_prompt
from .source_free import source_free
from .universal_pattern import universal_pattern
from .weight_damage import pruning, quantisation, weight_noise
from .wrong_keys import paraphrases, wrong_editor, wrong_hands, wrong_prompts, wrong_settings

ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        artefact, cheap_filters, pruning, weight_noise, quantisation,
        wrong_prompts, wrong_hands, paraphrases, wrong_settings, wrong_editor, prompt_search,
        editor_space, soft_prompt, universal_pattern, input_disguise,
        linear_probe, finetuning, hybrids, fine_pruning, relocking,
        label_permutation, logit_probe, source_free, extraction, leaked_pairs, known_edit,
    )
}  # fmt: skip

__all__ = [
    "ATTACKS", "BUDGETS", "Attack", "AttackReport", "Budget", "Finding", "Target", "attack_report", "run_attacks",
    "summary",
]  # fmt: skip


@work
def run_attacks(target: Target, budget: Budget, names: Sequence[str] = attacks_of(EVERYBODY)) -> Steps[list[Finding]]:
    """Run attacks one after the other.

    Args:
        names: of `ATTACKS`.

    Returns:
        Work that makes a list of all findings.
    """
    findings: list[Finding] = []
    for name in names:
        findings += yield from ATTACKS[name](target, budget)
    return findings
