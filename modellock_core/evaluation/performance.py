"""How well a model does: unlocked performance (UP) on keyed images, locked performance (LP) on clean ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.dataset import Split
from ..data.image_sets import ImageSet
from ..data.targets import Targets
from ..devices import gathered, inference_batch, own_share
from ..editing.edited_dataset import EditedImages, chunk_of
from ..editing.editors import Editor, load_editor
from ..editing.key import Key
from ..locking.locked_model import LockedModel
from ..models.inference import outputs
from ..models.tasks import Task
from ..work import Progress, Steps, work

CHUNK = 32  # images between two progress reports
PREVIEW = 8


@dataclass(frozen=True)
class Evaluation:
    """What a model reaches on a split, fractions of its task's metric.

    Attributes:
        locked_performance, locked_by_class: on clean images, as a whole and of each class.
        unlocked_performance, unlocked_by_class: on keyed images, if there was a key.
    """

    locked_performance: float
    locked_by_class: dict[str, float]
    unlocked_performance: float | None = None
    unlocked_by_class: dict[str, float] | None = None


def predicted_classes(locked: LockedModel, images: ImageSet, stage: str) -> Steps[Tensor]:
    """The likeliest classes (N, ...) int64 of images, edited here if they are to be; every process does its share."""
    rows = own_share(len(images))
    answers: list[Tensor] = []
    done = 0
    for chunk in rows.split(chunk_of(images, CHUNK)):
        batch = images[chunk]
        with torch.inference_mode():
            answers += [outputs(locked.task, locked.model, part).argmax(1) for part in batch.split(inference_batch())]
        done += len(chunk)
        yield Progress(stage, done, len(rows), preview=batch[:PREVIEW], unit="image")
    return gathered(torch.cat(answers).clone(), rows)


def score(task: Task, predictions: Tensor, targets: Targets) -> float:
    """The task's metric, a fraction, of predicted classes (N, ...)."""
    metric = task.metric()
    metric.update(predictions, targets.values)
    return float(metric.compute())


def score_by_class(task: Task, predictions: Tensor, targets: Targets) -> dict[str, float]:
    """The task's metric of each class."""
    metric = task.metric(by_class=True)
    metric.update(predictions, targets.values)
    return dict(zip(task.classes, metric.compute().tolist(), strict=True))


def performance(locked: LockedModel, images: ImageSet, targets: Targets, stage: str = "Testing") -> Steps[float]:
    """The task's metric, a fraction, on images."""
    predictions = yield from predicted_classes(locked, images, stage)
    return score(locked.task, predictions, targets)


def performance_with(
    locked: LockedModel, split: Split, key: Key, editor: Editor | None = None, stage: str = "Testing"
) -> Steps[float]:
    """The task's metric, a fraction, on a split's images with a key applied, whether it is the right one or not."""
    images = EditedImages(split.images, key, editor or load_editor(key.editor))
    return (yield from performance(locked, images, split.targets, stage))


@work
def evaluate(
    locked: LockedModel, split: Split, key: Key | None, editor: Editor | None = None, keyed: Split | None = None
) -> Steps[Evaluation]:
    """Measure LP on a split and, with a key, UP.

    Args:
        keyed: the split that is edited, where its images are cut otherwise than those that stay clean.

    Returns:
        Work that makes an `Evaluation`.
    """
    task, targets = locked.task, split.targets
    clean = yield from predicted_classes(locked, split.images, "Testing without the key")
    of_clean = score(task, clean, targets), score_by_class(task, clean, targets)
    if key is None:
        return Evaluation(*of_clean)
    keyed = keyed or split
    images, targets = EditedImages(keyed.images, key, editor or load_editor(key.editor)), keyed.targets
    found = yield from predicted_classes(locked, images, "Testing with the key")
    return Evaluation(*of_clean, score(task, found, targets), score_by_class(task, found, targets))
