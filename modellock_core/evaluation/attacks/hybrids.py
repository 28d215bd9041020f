"""A thief joins modules of the stolen model with those of the public backbone that it was made from.

Upper stolen modules read what lower public ones put out, or the reverse; with the stolen last layer or a new one.
"""

from __future__ import annotations

from torch import Tensor, nn

from ...locking.activations import extract
from ...work import Steps, part_of
from .labelled import PUBLIC, few_labels, predicted, public_reference, public_trunk, refitted, scores_of
from .setting import Budget, Finding, Target

STAGE = "Joining stolen and public modules"
LAST_ALONE = "stolen last layer on the public backbone"


def hybrids(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Stolen and public modules, joined at two depths and at the last layer, with the stolen last layer or a new one.

    It follows from how locks are made: they start from public weights, freeze some of them, and may pull the features
    of keyed images to the public ones (distillation), so that parts of both models still fit together. Without labels
    the stolen last layer stays. With labels a new one is fitted, as the probe does it; on the whole public backbone
    that is the reference.
    """
    task, test, cut = target.locked.task, target.dataset.test, public_trunk(target)
    trunk, joined, findings = target.locked.model[:cut], _joined(target, cut), []
    asked = (yield from extract(task, trunk, test.images, STAGE)).plain
    for variant, head in joined.items():
        score, _, hits = scores_of(target, [(yield from predicted(head, asked, STAGE))])
        findings.append(
            Finding(
                attack="hybrid",
                variant=variant,
                knows="nothing",
                cost="none",
                score=score,
                **target.reference(),
                hits=hits,
            )
        )
    del joined[LAST_ALONE]
    for fraction in budget.label_fractions:
        runs: dict[str, list[Tensor]] = {variant: [] for variant in joined}
        for seed in range(budget.seeds):
            labelled = few_labels(target, fraction, seed)
            known = (yield from extract(task, trunk, labelled.images, STAGE)).plain
            for i, (variant, head) in enumerate(joined.items()):
                fitting = refitted(target, head, known, labelled.targets, asked, seed, STAGE)
                done, count = seed * len(joined) + i, budget.seeds * len(joined)
                runs[variant].append((yield from part_of(fitting, STAGE, done, count)))
        reference = yield from public_reference(target, fraction, budget.seeds, STAGE)
        for variant, predictions in runs.items():
            score, spread, hits = scores_of(target, predictions)
            findings.append(
                Finding(
                    attack="hybrid, new last layer",
                    variant=f"{variant}, {100 * fraction:g}% of the labels",
                    knows="these labelled images",
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


def _joined(target: Target, first: int) -> dict[str, nn.Sequential]:
    """The joined models by what they are made of, each with the stolen last layer; without their `first` modules."""
    stolen, public = target.locked.model, target.locked.task.build()
    last, joined = len(stolen) - 1, {}
    for third in (1, 2):
        cut = first + third * (last - first) // 3
        if first < cut < last:
            depth = f"from module {cut} of {last}"
            upper = (*public[cut:last], stolen[last])
            joined[f"stolen modules {depth} on public ones"] = nn.Sequential(*public[first:cut], *stolen[cut:])
            joined[f"public modules {depth} on stolen ones"] = nn.Sequential(*stolen[first:cut], *upper)
    joined[LAST_ALONE] = nn.Sequential(*public[first:last], stolen[last])
    return joined
