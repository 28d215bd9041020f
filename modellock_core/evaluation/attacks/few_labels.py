"""What a few clean labelled images gain on top of the stolen weights, beside the same with the public backbone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import nn

from ...data.dataset import Split
from ...locking.activations import extract, features_of, head_performance
from ...locking.finetune import finetune
from ...locking.recipe import FinetuneConfig
from ...locking.training_set import Labelled, TrainingSet
from ...models.tasks import Task
from ...work import Steps, part_of
from .setting import Budget, Finding, Target, over_seeds

PUBLIC = "the same from the public backbone"
PROBING, FINETUNING = "Probing features", "Finetuning as a thief"
# (task, head, samples, budget, generator): trains the head in place
Fit: TypeAlias = Callable[[Task, nn.Sequential, Labelled, Budget, torch.Generator], Steps[None]]


def _models(target: Target, seed: int) -> dict[str, nn.Sequential]:
    """The stolen model and the public backbone, fresh."""
    return {"stolen": copy.deepcopy(target.locked.model), "public": target.locked.task.build(seed=seed)}


def _few(target: Target, fraction: float, seed: int) -> Split:
    """The thief's labelled images, at least one of each class."""
    train = target.dataset.train
    return train.subset(max(len(target.dataset.classes), round(fraction * len(train))), seed)


def _gained(
    attack: str, stage: str, cost: str, fit: Fit, target: Target, budget: Budget
) -> Steps[list[Finding]]:  # fmt: skip
    """A row for each fraction of labels: the metric after `fit`, from the stolen model and the public backbone."""
    findings, task, test = [], target.locked.task, target.dataset.test
    count, done = 2 * len(budget.label_fractions) * budget.seeds, 0

    def reached_by(model: nn.Sequential, labelled: Split, seed: int) -> Steps[float]:
        trunk, head = model[:1], model[1:]  # a thief trains all but the first module
        known = yield from extract(task, trunk, labelled.images, stage, mirror=True)
        yield from fit(task, head, Labelled(known, labelled.targets), budget, torch.Generator().manual_seed(seed))
        tests = yield from extract(task, trunk, test.images, stage)
        return (yield from head_performance(task, head, tests.plain, test.targets, stage))

    for fraction in budget.label_fractions:
        reached: dict[str, list[float]] = {"stolen": [], "public": []}
        for seed in range(budget.seeds):
            labelled = _few(target, fraction, seed)
            for name, model in _models(target, seed).items():
                reached[name].append((yield from part_of(reached_by(model, labelled, seed), stage, done, count)))
                done += 1
        score, spread = over_seeds(reached["stolen"])
        reference, _ = over_seeds(reached["public"])
        variant = f"{fraction:.0%} of the labels"
        findings.append(Finding(attack, variant, "these labelled images", cost, score, reference, PUBLIC, spread))
    return findings


def _fit_last_layer(
    task: Task, head: nn.Sequential, samples: Labelled, budget: Budget, generator: torch.Generator
) -> Steps[None]:
    known = yield from features_of(head, samples.activations.plain, PROBING)
    yield from task.fit_last_layer(head[-1], known, samples.targets.values, generator)


def _fit_all(
    task: Task, head: nn.Sequential, samples: Labelled, budget: Budget, generator: torch.Generator
) -> Steps[None]:
    config = FinetuneConfig(epochs=budget.epochs, lr=3e-4, batch=16, suppression=0, distillation=0, mirror=True)
    yield from finetune(task, head, TrainingSet((samples,)), config, generator, FINETUNING)


def linear_probe(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Logistic regression on the penultimate features of clean images."""
    return (yield from _gained("linear probe", PROBING, "one regression", _fit_last_layer, target, budget))


def full_finetune(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The last layer fitted, then all modules but the first finetuned, as a lock is; depthwise filters stay."""
    return (yield from _gained("finetune", FINETUNING, f"{budget.epochs} epochs", _fit_all, target, budget))
