"""What a few clean labelled images gain on top of the stolen weights, beside the same with the public backbone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator

import torch
from torch import Tensor, nn

from ..datasets import Split
from ..devices import best_device
from ..finetuning import Activations, Samples, cut, finetune, frozen_activations, head_features, head_performance
from ..progress import Progress, numbered, reported
from ..recipes import Recipe
from ..tasks import Task
from .setting import Budget, Finding, Target, over_seeds

PUBLIC = "the same from the public backbone"
PROBING, FINETUNING = "Probing features", "Finetuning as a thief"
# (task, head, its activations, labels, budget, seed): trains the head in place
Fit = Callable[[Task, nn.Sequential, Activations, Tensor, Budget, int], Generator[Progress, None, None]]


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


def _gained(
    attack: str, stage: str, cost: str, fit: Fit, target: Target, budget: Budget
) -> Generator[Progress, None, list[Finding]]:  # fmt: skip
    """A row for each part of labels: the metric after `fit`, from the stolen model and from the public backbone."""
    findings, task, test = [], target.locked.task, target.dataset.test
    count = len(budget.label_parts) * budget.seeds

    def work(model: nn.Module, labelled: Split, seed: int) -> Generator[Progress, None, float]:
        trunk, head = cut(task, model, 1)
        shallow = yield from frozen_activations(task, trunk, labelled.images, stage, mirror=True)
        yield from fit(task, head, shallow, labelled.labels, budget, seed)
        tests = yield from frozen_activations(task, trunk, test.images, stage)
        return (yield from reported(head_performance(task, head, tests.plain, test.labels), stage))

    for i, part in enumerate(budget.label_parts):
        reached: dict[str, list[float]] = {"stolen": [], "public": []}
        for seed in range(budget.seeds):
            labelled = _few(target, part, seed)
            for name, model in _models(target).items():
                gained = numbered(work(model, labelled, seed), i * budget.seeds + seed, count)
                reached[name].append((yield from gained))
        accuracy, spread = over_seeds(reached["stolen"])
        reference, _ = over_seeds(reached["public"])
        variant = f"{part:.0%} of the labels"
        findings.append(Finding(attack, variant, "these labelled images", cost, accuracy, reference, PUBLIC, spread))
    return findings


def _fit_last_layer(task: Task, head: nn.Sequential, shallow: Activations, labels: Tensor, budget: Budget, seed: int):
    known = yield from reported(head_features(head, shallow.plain), PROBING)
    yield from reported(task.fit_last_layer(head[-1], known, labels), PROBING)


def _fit_all(task: Task, head: nn.Sequential, shallow: Activations, labels: Tensor, budget: Budget, seed: int):
    thief = Recipe("thief", "", silence=0, imitation=0, epochs=budget.epochs, lr=3e-4, batch=16, mirror=True)
    samples = Samples(shallow, labels, torch.zeros(len(labels), dtype=torch.bool))
    yield from finetune(task, head, samples, thief, seed, FINETUNING)


def linear_probe(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """Logistic regression on the penultimate features of clean images."""
    return (yield from _gained("linear probe", PROBING, "one regression", _fit_last_layer, target, budget))


def full_finetune(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The last layer fitted, then all stages but the stem finetuned."""
    return (yield from _gained("finetune", FINETUNING, f"{budget.epochs} epochs", _fit_all, target, budget))
