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
    correct = []
    for x, y in zip(images.split(BATCH), targets.split(BATCH), strict=True):
        with torch.inference_mode():
            correct.append(locked.task.correct(outputs(locked.task, locked.model, x), y))
        yield
    return float(torch.cat(correct).mean())


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
    """Measure LP on a split and, with a key, UP; the last progress has both in `metrics`."""
    test = partial(performance_in_steps, locked, targets=split.labels)
    metrics = {"locked_performance": (yield from reported(test(split.images), "Testing"))}
    if key is not None:
        keyed_split = yield from keyed_images(split.images, key, editor)
        metrics["unlocked_performance"] = yield from reported(test(keyed_split), "Testing")
    yield Progress("Testing", 1, 1, metrics, result=metrics)
