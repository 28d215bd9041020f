"""What a few clean labelled images gain on top of the stolen weights, beside the same with the public backbone."""

from __future__ import annotations

import copy
from collections.abc import Generator

import torch
from torch import nn

from ..datasets import Split
from ..devices import best_device
from ..finetuning import Samples, cut, finetune, frozen_activations, head_features, head_performance
from ..progress import Progress, numbered, reported
from ..recipes import Recipe
from .setting import Budget, Finding, Target, over_seeds

PUBLIC = "the same from the public backbone"


def _models(target: Target) -> dict[str, nn.Module]:
    """The stolen model and the public backbone, fresh."""
    return {
        "stolen": copy.deepcopy(target.locked.model),
        "public": target.locked.task.build().to(best_device()),
    }


def _few(target: Target, part: float, seed: int) -> Split:
    """The thief's labelled images, at least one of each class."""
    train = target.dataset.train
    return train.subset(max(len(target.dataset.classes), round(part * len(train))), seed)


def _rows(
    attack: str, target: Target, budget: Budget, cost: str, gain
) -> Generator[Progress, None, list[Finding]]:  # fmt: skip
    """A row for each part of labels; `gain` gives the metric of one model after the attack."""
    findings = []
    count = len(budget.label_parts) * budget.seeds
    for i, part in enumerate(budget.label_parts):
        reached: dict[str, list[float]] = {"stolen": [], "public": []}
        for seed in range(budget.seeds):
            labelled = _few(target, part, seed)
            for name, model in _models(target).items():
                work = gain(target, model, labelled, budget, seed)
                reached[name].append((yield from numbered(work, i * budget.seeds + seed, count)))
        accuracy, spread = over_seeds(reached["stolen"])
        variant = f"{part:.0%} of the labels"
        reference, _ = over_seeds(reached["public"])
        findings.append(Finding(attack, variant, "these labelled images", cost, accuracy, reference, PUBLIC, spread))
    return findings


def _probe(target: Target, model: nn.Module, labelled: Split, budget: Budget, seed: int):
    task, stage, test = target.locked.task, "Probing features", target.dataset.test
    trunk, head = cut(task, model, 1)
    shallow = yield from frozen_activations(task, trunk, labelled.images, stage)
    known = yield from reported(head_features(head, shallow.plain), stage)
    yield from reported(task.fit_last_layer(head[-1], known, labelled.labels), stage)
    tests = yield from frozen_activations(task, trunk, test.images, stage)
    return (yield from reported(head_performance(task, head, tests.plain, test.labels), stage))


def _finetune(target: Target, model: nn.Module, labelled: Split, budget: Budget, seed: int):
    task, stage, test = target.locked.task, "Finetuning as a thief", target.dataset.test
    trunk, head = cut(task, model, 1)
    thief = Recipe("thief", "", silence=0, imitation=0, epochs=budget.epochs, lr=3e-4, batch=16, mirror=True)
    shallow = yield from frozen_activations(task, trunk, labelled.images, stage, mirror=True)
    samples = Samples(shallow, labelled.labels, torch.zeros(len(labelled), dtype=torch.bool))
    yield from finetune(task, head, samples, thief, seed, stage)
    tests = yield from frozen_activations(task, trunk, test.images, stage)
    return (yield from reported(head_performance(task, head, tests.plain, test.labels), stage))


def linear_probe(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """Logistic regression on the penultimate features of clean images."""
    return (yield from _rows("linear probe", target, budget, "one regression", _probe))


def full_finetune(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The last layer fitted, then all stages but the stem finetuned."""
    return (yield from _rows("finetune", target, budget, f"{budget.epochs} epochs", _finetune))
