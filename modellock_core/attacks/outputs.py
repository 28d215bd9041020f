"""Reading the answer off the outputs on clean images: by relabelling them, and by refitting the logits."""

from __future__ import annotations

from collections.abc import Generator

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from ..locked_model import BATCH, outputs
from ..progress import Progress, reported
from .setting import Budget, Finding, Target

STAGE = "Reading the outputs"


def logits(target: Target, images: Tensor) -> Generator[None, None, Tensor]:
    """The locked model's logits (N, K) on images; yields after every batch."""
    answers = []
    for chunk in images.split(BATCH):
        with torch.no_grad():
            answers.append(outputs(target.locked.task, target.locked.model, chunk))
        yield
    return torch.cat(answers)


def best_relabelling(guesses: Tensor, labels: Tensor, classes: int) -> float:
    """Accuracy of guesses (N,) after the best one-to-one renaming of the classes (Hungarian assignment)."""
    counts = torch.zeros(classes, classes).index_put_((labels, guesses), torch.ones(()), accumulate=True)
    rows, columns = linear_sum_assignment(counts.numpy(), maximize=True)
    return float(counts[rows, columns].sum() / len(labels))


def relabelling(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The best permutation of the classes, chosen on the test images themselves: an upper bound."""
    test = target.dataset.test
    guesses = (yield from reported(logits(target, test.images), STAGE)).argmax(1)
    accuracy = best_relabelling(guesses, test.labels, len(target.dataset.classes))
    knows = "all labels of the test images"
    return [Finding("relabelling", "best permutation", knows, "one assignment", accuracy, *target.reference())]


def logit_refit(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """Logistic regression from the logits on all clean training images to their labels: an upper bound."""
    train, test = target.dataset.train, target.dataset.test
    known = yield from reported(logits(target, train.images), STAGE)
    asked = yield from reported(logits(target, test.images), STAGE)
    mean, spread = known.mean(0), known.std(0) + 1e-4
    layer, task = nn.Linear(known.shape[1], known.shape[1]), target.locked.task
    yield from reported(task.fit_last_layer(layer, (known - mean) / spread, train.labels), STAGE)
    with torch.inference_mode():
        accuracy = float(task.correct(layer((asked - mean) / spread), test.labels).mean())
    knows = "all labelled training images"
    return [Finding("logit refit", "all training images", knows, "one regression", accuracy, *target.reference())]
