"""How well a model does: unlocked performance (UP) on keyed images, locked performance (LP) on clean ones."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .datasets import Split
from .editors import Editor
from .keys import Key, keyed
from .locked_model import BATCH, LockedModel, outputs
from .progress import Progress


@torch.inference_mode()
def performance(locked: LockedModel, images: Tensor, targets: Tensor) -> float:
    """The task's metric, a fraction, on images (N, 3, H, W) in [0, 1]."""
    correct = [
        locked.task.correct(outputs(locked.task, locked.model, x), y)
        for x, y in zip(images.split(BATCH), targets.split(BATCH), strict=True)
    ]
    return float(torch.cat(correct).mean())


EDIT_CHUNK = 16  # images between two progress reports


def keyed_images(
    images: Tensor, key: Key, editor: Editor | None = None, stage: str = "Editing images"
) -> Iterator[Progress]:
    """Key images step by step; the last progress carries all of them (N, 3, H, W) as its result."""
    done = []
    for chunk in images.split(EDIT_CHUNK):
        done.append(keyed(chunk, key, editor))
        yield Progress(stage, sum(map(len, done)), len(images), preview=done[-1][:8])
    yield Progress(stage, len(images), len(images), result=torch.cat(done) if done else images)


def evaluate(locked: LockedModel, split: Split, key: Key | None, editor: Editor | None = None) -> Iterator[Progress]:
    """Measure LP on a split and, with a key, UP; the last progress has both in `metrics`."""
    images, targets = split.images, split.labels
    keyed_split = None
    if key is not None:
        for progress in keyed_images(images, key, editor):
            yield progress
            keyed_split = progress.result
    metrics = {"locked_performance": performance(locked, images, targets)}
    if keyed_split is not None:
        metrics["unlocked_performance"] = performance(locked, keyed_split, targets)
    yield Progress("Testing", 1, 1, metrics, result=metrics)
