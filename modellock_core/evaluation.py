"""How well a model does: unlocked performance (UP) on keyed images, locked performance (LP) on clean ones."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial

import torch
from torch import Tensor

from .datasets import Split
from .devices import gathered, own_share
from .editors import Editor
from .keys import Key, keyed
from .locked_model import BATCH, LockedModel, outputs
from .progress import Progress, finished, reported

EDIT_CHUNK = 32  # images between two progress reports


def performance(locked: LockedModel, images: Tensor, targets: Tensor) -> float:
    """The task's metric, a fraction, on images (N, 3, H, W) in [0, 1]."""
    return finished(performance_in_steps(locked, images, targets))


def performance_in_steps(locked: LockedModel, images: Tensor, targets: Tensor) -> Generator[None, None, float]:
    """What `performance` returns; yields after every batch, so that it can be stopped."""
    reached, _ = yield from performances_in_steps(locked, images, targets)
    return reached


def performances_in_steps(
    locked: LockedModel, images: Tensor, targets: Tensor
) -> Generator[None, None, tuple[float, dict[str, float]]]:
    """The task's metric, and that of each class; yields after every batch."""
    metrics = [locked.task.metric(), locked.task.metric(by_class=True)]
    for x, y in zip(images.split(BATCH), targets.split(BATCH), strict=True):
        with torch.inference_mode():
            answers = outputs(locked.task, locked.model, x)
            for metric in metrics:
                metric.update(answers, y)
        yield
    reached, by_class = (metric.compute() for metric in metrics)
    return float(reached), dict(zip(locked.classes, by_class.tolist(), strict=True))


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
    test = partial(performances_in_steps, locked, targets=split.labels)
    metrics, by_class = {}, {}

    def note(kind: str, reached: tuple[float, dict[str, float]]) -> None:
        metrics[f"{kind}_performance"], by_class[f"{kind}_by_class"] = reached

    note("locked", (yield from reported(test(split.images), "Testing")))
    if key is not None:
        keyed_split = yield from keyed_images(split.images, key, editor)
        note("unlocked", (yield from reported(test(keyed_split), "Testing")))
    yield Progress("Testing", 1, 1, metrics, result=metrics | by_class)
