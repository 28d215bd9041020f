"""The edit without the key's file: the thief can key images, and fits a new last layer to the stolen model's features.

It bounds all searches for the edit, and all leaks of it, where the stolen last layer is sealed.
"""

from __future__ import annotations

from ...editing.edited_dataset import EditedImages
from ...locking.activations import extract
from ...work import Steps, part_of
from .labelled import PUBLIC, few_labels, public_reference, refitted, scores_of
from .setting import Budget, Finding, Target

STAGE = "Fitting to keyed images"


def known_edit(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The probe of `linear_probe`, with images that the right key has edited."""
    task, test, findings = target.locked.task, target.dataset.test, []
    trunk, head = target.locked.model[:1], target.locked.model[1:]
    asked = (yield from extract(task, trunk, EditedImages(test.images, target.key, target.editor), STAGE)).plain
    for i, fraction in enumerate(budget.label_fractions):
        runs = []
        for seed in range(budget.seeds):
            labelled = few_labels(target, fraction, seed)
            keyed = EditedImages(labelled.images, target.key, target.editor)
            known = (yield from extract(task, trunk, keyed, STAGE)).plain
            fitting = refitted(target, head, known, labelled.targets, asked, seed, STAGE)
            done, count = i * budget.seeds + seed, len(budget.label_fractions) * budget.seeds
            runs.append((yield from part_of(fitting, STAGE, done, count)))
        score, spread, hits = scores_of(target, runs)
        reference = yield from public_reference(target, fraction, budget.seeds, STAGE)
        findings.append(
            Finding(
                attack="known edit",
                variant=f"{100 * fraction:g}% of the labels",
                knows="the right edit, these labelled images",
                cost="one fit",
                score=score,
                reference=reference,
                reference_name=PUBLIC,
                spread=spread,
                labels=len(labelled),
                queries=len(labelled),
                hits=hits,
            )
        )
    return findings
