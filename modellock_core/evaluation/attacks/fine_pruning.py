"""Fine-pruning: a lock may rest on channels that only keyed images wake.

The thief removes the channels that clean images leave asleep, and finetunes the rest with a few clean labelled images.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ...data.dataset import Split
from ...devices import best_device
from ...locking.activations import extract, features_of
from ...locking.finetune import finetune
from ...locking.training_set import Labelled, TrainingSet
from ...work import Steps, part_of
from .labelled import PUBLIC, few_labels, predicted, public_reference, public_trunk, scores_of, thief_finetune
from .setting import Budget, Finding, Target

STAGE = "Fine-pruning"
PRUNED = (0.5, 0.9)  # fractions of the channels


class ChannelMask(nn.Module):
    """Sets channels of features (N, C, ...) to zero where `kept` (C,) is 0."""

    kept: Tensor

    def __init__(self, kept: Tensor):
        super().__init__()
        self.register_buffer("kept", kept)

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, C, ...) without the channels that are pruned."""
        return features * self.kept.view(-1, *[1] * (features.dim() - 2))


def without_least_active(head: nn.Sequential, features: Tensor, fraction: float) -> nn.Sequential:
    """A head whose last module doesn't see the channels that are least active, on average, in features (N, C, ...)."""
    activity = features.float().abs().transpose(0, 1).flatten(1).mean(1)  # (C,)
    kept = torch.ones_like(activity)
    kept[activity.argsort(stable=True)[: round(fraction * len(kept))]] = 0
    return nn.Sequential(*head[:-1], ChannelMask(kept.to(best_device())), head[-1])


def fine_pruning(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Fine-Pruning (arXiv 1805.12185), a defence against backdoors, which a lock resembles.

    Pruned are the channels that the last module reads; trained are the modules that are not the public backbone's.
    """
    frozen = public_trunk(target)
    trunk, head = target.locked.model[:frozen], target.locked.model[frozen:]
    tests = yield from extract(target.locked.task, trunk, target.dataset.test.images, "Reading clean images")
    count, done, findings = len(budget.label_fractions) * budget.seeds * len(PRUNED), 0, []
    for fraction in budget.label_fractions:
        runs: dict[float, list[Tensor]] = {pruned: [] for pruned in PRUNED}
        for seed in range(budget.seeds):
            labelled = few_labels(target, fraction, seed)
            for pruned in PRUNED:
                tuning = _tuned(target, trunk, copy.deepcopy(head), labelled, pruned, budget.epochs, seed)
                tuned = yield from part_of(tuning, STAGE, done, count)
                runs[pruned].append((yield from part_of(predicted(tuned, tests.plain, STAGE), STAGE, done, count)))
                done += 1
        reference = yield from public_reference(target, fraction, budget.seeds, "Probing the public backbone")
        for pruned, predictions in runs.items():
            reached, spread, hits = scores_of(target, predictions)
            findings.append(
                Finding(
                    attack="fine-pruning",
                    variant=f"{pruned:.0%} of the channels, {100 * fraction:g}% of the labels",
                    knows="these labelled images",
                    cost=f"{budget.epochs} epochs",
                    score=reached,
                    reference=reference,
                    reference_name=PUBLIC,
                    spread=spread,
                    labels=len(labelled),
                    queries=budget.epochs * len(labelled),
                    hits=hits,
                )
            )
    return findings


def _tuned(
    target: Target, trunk: nn.Sequential, head: nn.Sequential, labelled: Split, pruned: float, epochs: int, seed: int
) -> Steps[nn.Sequential]:
    """The head without its least active channels, finetuned in place."""
    task, generator = target.locked.task, torch.Generator().manual_seed(seed)
    known = yield from extract(task, trunk, labelled.images, STAGE, mirror=True)
    features = yield from features_of(head, known.plain, STAGE)
    head = without_least_active(head, features, pruned)
    config = thief_finetune(epochs)
    yield from finetune(task, head, TrainingSet((Labelled(known, labelled.targets),)), config, generator, STAGE)
    return head
