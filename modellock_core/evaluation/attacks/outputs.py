"""Reading the answer off the outputs on clean images: by permuting the labels, and by a probe on the logits."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn.utils import skip_init
from torchmetrics.functional.classification import multiclass_confusion_matrix

from ...data.image_sets import ImageSet, batches
from ...data.targets import IGNORE
from ...devices import inference_batch
from ...models.inference import outputs
from ...models.tasks import Task
from ...models.tasks.regression import logistic_regression
from ...work import Progress, Steps
from ..performance import predicted_classes
from .setting import Budget, Finding, Target

STAGE = "Reading the outputs"
PROBE_SAMPLES = 50_000


def logits_of(target: Target, images: ImageSet) -> Steps[Tensor]:
    """The locked model's logits (N, K, ...) on images."""
    answers: list[Tensor] = []
    size = inference_batch()
    for chunk in batches(images, size):
        with torch.no_grad():
            answers.append(outputs(target.locked.task, target.locked.model, chunk))
        yield Progress(STAGE, min(len(answers) * size, len(images)), len(images))
    return torch.cat(answers)


def best_permutation(task: Task, guesses: Tensor, targets: Tensor) -> float:
    """The metric of guesses (N, ...) after the best permutation of the classes (Hungarian matching)."""
    confusion = multiclass_confusion_matrix(guesses, targets, len(task.classes), ignore_index=IGNORE)
    gains = task.permutation_gains(confusion).numpy()
    return float(gains[linear_sum_assignment(gains, maximize=True)].sum())


def label_permutation(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The best permutation of the classes, chosen on the test images themselves: an upper bound."""
    test = target.dataset.test
    guesses = yield from predicted_classes(target.locked, test.images, STAGE)
    score = best_permutation(target.locked.task, guesses, test.targets.values)
    knows = "all labels of the test images"
    return [
        Finding(
            attack="label permutation",
            variant="best permutation",
            knows=knows,
            cost="one matching",
            score=score,
            **target.reference(),
        )
    ]


def logit_probe(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Logistic regression from the logits on all clean training images to their labels: an upper bound.

    Of pixels, as many are drawn as fit a regression.
    """
    train, test = target.dataset.train, target.dataset.test
    known = (yield from logits_of(target, train.images)).movedim(1, -1).flatten(0, -2)  # (M, K)
    asked = (yield from logits_of(target, test.images)).movedim(1, -1)  # (N, ..., K)
    labels = train.targets.values.flatten().long()
    drawn = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))[:PROBE_SAMPLES]
    drawn = drawn[labels[drawn] != IGNORE]
    known, labels = known[drawn], labels[drawn]
    mean, spread = known.mean(0), known.std(0) + 1e-4
    layer = skip_init(nn.Linear, known.shape[1], known.shape[1])  # its start is not drawn
    yield from logistic_regression(layer, (known - mean) / spread, labels)
    metric = target.locked.task.metric()
    with torch.inference_mode():
        metric.update(layer((asked - mean) / spread).movedim(-1, 1), test.targets.values)
    knows, score = "all labelled training images", float(metric.compute())
    return [
        Finding(
            attack="logit probe",
            variant="all training images",
            knows=knows,
            cost="one regression",
            score=score,
            **target.reference(),
        )
    ]
