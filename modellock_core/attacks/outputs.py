"""Reading the answer off the outputs on clean images: by relabelling them, and by refitting the logits."""

from __future__ import annotations

from collections.abc import Generator

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torchmetrics.functional.classification import multiclass_confusion_matrix

from ..datasets import IGNORE
from ..locked_model import BATCH, outputs
from ..progress import Progress, reported
from ..tasks import Task
from ..tasks.regression import logistic_regression
from .setting import Budget, Finding, Target

STAGE = "Reading the outputs"
REFIT_SAMPLES = 50_000


def logits(target: Target, images: Tensor) -> Generator[None, None, Tensor]:
    """The locked model's logits (N, K) on images; yields after every batch."""
    answers = []
    for chunk in images.split(BATCH):
        with torch.no_grad():
            answers.append(outputs(target.locked.task, target.locked.model, chunk))
        yield
    return torch.cat(answers)


def best_relabelling(task: Task, guesses: Tensor, targets: Tensor) -> float:
    """The metric of guesses (N, ...) after the best one-to-one renaming of the classes (Hungarian assignment)."""
    confusion = multiclass_confusion_matrix(guesses, targets, len(task.classes), ignore_index=IGNORE)
    gains = task.renaming_gains(confusion).numpy()
    return float(gains[linear_sum_assignment(gains, maximize=True)].sum())


def relabelling(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The best permutation of the classes, chosen on the test images themselves: an upper bound."""
    test = target.dataset.test
    guesses = (yield from reported(logits(target, test.images), STAGE)).argmax(1)
    accuracy = best_relabelling(target.locked.task, guesses, test.labels)
    knows = "all labels of the test images"
    return [Finding("relabelling", "best permutation", knows, "one assignment", accuracy, *target.reference())]


def logit_refit(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """Logistic regression from the logits on all clean training images to their labels: an upper bound.

    Of pixels, as many are drawn as fit a regression.
    """
    train, test = target.dataset.train, target.dataset.test
    known = (yield from reported(logits(target, train.images), STAGE)).movedim(1, -1).flatten(0, -2)  # (M, K)
    asked = (yield from reported(logits(target, test.images), STAGE)).movedim(1, -1)  # (N, ..., K)
    labels = train.labels.flatten().long()
    drawn = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))[:REFIT_SAMPLES]
    drawn = drawn[labels[drawn] != IGNORE]
    known, labels = known[drawn], labels[drawn]
    mean, spread = known.mean(0), known.std(0) + 1e-4
    layer = nn.Linear(known.shape[1], known.shape[1])
    yield from reported(logistic_regression(layer, (known - mean) / spread, labels), STAGE)
    metric = target.locked.task.metric()
    with torch.inference_mode():
        metric.update(layer((asked - mean) / spread).movedim(-1, 1), test.labels)
    knows, accuracy = "all labelled training images", float(metric.compute())
    return [Finding("logit refit", "all training images", knows, "one regression", accuracy, *target.reference())]
