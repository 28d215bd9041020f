"""How well a model does: unlocked performance (UP) on keyed images, locked performance (LP) on clean ones."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .datasets import Split
from .devices import gathered, own_share
from .editors import Editor
from .keys import Key, keyed
from .locked_model import BATCH, LockedModel, outputs
from .progress import Progress, finished, reported

if TYPE_CHECKING:
    from torchmetrics import Metric

EDIT_CHUNK = 32  # images between two progress reports


def performance(locked: LockedModel, images: Tensor, targets: Tensor) -> float:
    """The task's metric, a fraction, on images (N, 3, H, W) in [0, 1]."""
    return finished(performance_in_steps(locked, images, targets))


def performance_in_steps(locked: LockedModel, images: Tensor, targets: Tensor) -> Generator[None, None, float]:
    """What `performance` returns; yields after every batch, so that it can be stopped."""
    (reached,) = yield from measured_in_steps(locked, images, targets, locked.task.metric())
    return float(reached)


def measured_in_steps(
    locked: LockedModel, images: Tensor, targets: Tensor, *metrics: Metric
) -> Generator[None, None, list[Tensor]]:
    """What each of the metrics computes of the model's outputs; yields after every batch."""
    for x, y in zip(images.split(BATCH), targets.split(BATCH), strict=True):
        with torch.inference_mode():
            answers = outputs(locked.task, locked.model, x)
            for metric in metrics:
                metric.update(answers, y)
        yield
    return [metric.compute() for metric in metrics]


def keyed_images(
    images: Tensor, key: Key, editor: Editor | None = None, stage: str = "Editing images"
) -> Generator[Progress, None, Tensor]:
    """Key images (N, 3, H, W) step by step; returns all of them. Every process edits its share."""
    rows = own_share(len(images))
    edited = images.new_empty((len(rows), *images.shape[1:]))
    for start, chunk in zip(range(0, len(rows), EDIT_CHUNK), rows.split(EDIT_CHUNK), strict=False):
        edited[start : start + len(chunk)] = keyed(images[chunk], key, editor)
        yield Progress(stage, start + len(chunk), len(rows), preview=edited[start : start + 8].clone())
    return gathered(edited, rows)


def evaluate(locked: LockedModel, split: Split, key: Key | None, editor: Editor | None = None) -> Iterator[Progress]:
    """Measure LP on a split and, with a key, UP.

    Yields:
        Progress; the last one has both in `metrics`, and as its result both and those of each class.
    """
    metrics, by_class = {}, {}

    def measure(kind: str, images: Tensor) -> Generator[None, None, None]:
        both = locked.task.metric(), locked.task.metric(by_class=True)
        reached, of_classes = yield from measured_in_steps(locked, images, split.labels, *both)
        metrics[f"{kind}_performance"] = float(reached)
        by_class[f"{kind}_by_class"] = dict(zip(locked.classes, of_classes.tolist(), strict=True))

    yield from reported(measure("locked", split.images), "Testing")
    if key is not None:
        keyed_split = yield from keyed_images(split.images, key, editor)
        yield from reported(measure("unlocked", keyed_split), "Testing")
    yield Progress("Testing", 1, 1, metrics, result=metrics | by_class)
