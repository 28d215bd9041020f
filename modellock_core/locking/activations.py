"""Activations of the frozen modules: computed once of all images, kept in half precision, trained and tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data.image_sets import ImageSet
from ..data.targets import Targets
from ..devices import gathered, inference_batch, on_device, own_share
from ..editing.edited_dataset import EditedDataset, EditedImages, chunk_of
from ..models.inference import outputs
from ..models.tasks import Task
from ..work import Progress, Steps
from .scores import Scores

CHUNK = 64  # images between two progress reports
PREVIEW = 4  # images that are shown, each beside its edit


@dataclass(frozen=True)
class Activations:
    """What the frozen modules make of N images, in half precision.

    Attributes:
        plain: (N, ...).
        mirrored: those of the flipped images, or None if the finetune doesn't mirror.
    """

    plain: Tensor
    mirrored: Tensor | None = None

    def __len__(self) -> int:
        return len(self.plain)

    def __getitem__(self, rows: Tensor) -> Activations:
        return Activations(self.plain[rows], None if self.mirrored is None else self.mirrored[rows])

    def flipped(self, flips: Tensor) -> Tensor:
        """Activations (N, ...) of the images, flipped where `flips` (N,) says so; nowhere if they were not mirrored."""
        if self.mirrored is None:
            assert not flips.any(), "the mirrored images were not read"
            return self.plain
        return torch.where(flips.view(-1, *[1] * (self.plain.dim() - 1)), self.mirrored, self.plain)

    @classmethod
    def joined(cls, parts: Sequence[Activations]) -> Activations:
        """The samples of all parts in a row."""
        mirrored = [part.mirrored for part in parts if part.mirrored is not None]
        return cls(torch.cat([part.plain for part in parts]), torch.cat(mirrored) if mirrored else None)


@dataclass(frozen=True)
class CachedDataset:
    """Activations of an `EditedDataset`, part by part."""

    keyed: Activations
    clean: Activations  # of all training samples, unedited
    negatives: Activations
    keyed_test: Tensor
    clean_test: Tensor


def extract(task: Task, trunk: nn.Module, images: ImageSet, stage: str, *, mirror: bool = False) -> Steps[Activations]:
    """Activations of images, which are edited here if they are to be; every process does its share."""
    rows = own_share(len(images)) if len(images) else torch.arange(0)
    done: list[Activations] = []
    for chunk in rows.split(chunk_of(images, CHUNK)) if len(rows) else ():
        batch = images[chunk]
        plain = _in_batches(task, trunk, batch)
        done.append(Activations(plain, _in_batches(task, trunk, batch.flip(-1)) if mirror else None))
        preview = None
        if isinstance(images, EditedImages):  # what the key makes is worth showing
            preview = torch.stack([images.source[chunk[:PREVIEW]], batch[:PREVIEW]], 1).flatten(0, 1)
        yield Progress(stage, sum(map(len, done)), len(rows), preview=preview, unit="image")
    if not done:
        return Activations(torch.empty(0), torch.empty(0) if mirror else None)
    share = Activations.joined(done)
    done.clear()
    mirrored = None if share.mirrored is None else gathered(share.mirrored, rows)
    return Activations(gathered(share.plain, rows), mirrored)


@torch.no_grad()
def _in_batches(task: Task, trunk: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([outputs(task, trunk, chunk).half() for chunk in images.split(inference_batch())])


def extract_activations(task: Task, trunk: nn.Module, edited: EditedDataset, *, mirror: bool) -> Steps[CachedDataset]:
    """Edit what is to be edited, and run the frozen modules once on everything."""
    return CachedDataset(
        keyed=(yield from extract(task, trunk, edited.keyed, "Editing training images", mirror=mirror)),
        negatives=(yield from extract(task, trunk, edited.negatives, "Editing with wrong keys", mirror=mirror)),
        keyed_test=(yield from extract(task, trunk, edited.keyed_test, "Editing test images")).plain,
        clean=(yield from extract(task, trunk, edited.train.images, "Reading clean images", mirror=mirror)),
        clean_test=(yield from extract(task, trunk, edited.test.images, "Reading clean images")).plain,
    )


def features_of(head: nn.Sequential, activations: Tensor, stage: str) -> Steps[Tensor]:
    """The features (N, ...) that the head's last module reads, in half precision, of cached activations (N, ...)."""
    features, size = [], inference_batch()
    for i, x in enumerate(activations.split(size)):
        with torch.no_grad():
            features.append(head[:-1](on_device(x)).to(x.device, torch.float16))
        yield Progress(stage, min((i + 1) * size, len(activations)), len(activations))
    return torch.cat(features)


def head_performance(task: Task, head: nn.Module, activations: Tensor, targets: Targets, stage: str) -> Steps[float]:
    """The task's metric, a fraction, of what the head makes of cached activations (N, ...)."""
    metric, count, size = task.metric(), len(activations), inference_batch()
    for i, rows in enumerate(torch.arange(count).split(size)):
        with torch.inference_mode():
            answers = head(on_device(activations[rows]))
            metric.update(answers.to(targets.values.device), targets.values[rows])
        yield Progress(stage, min((i + 1) * size, count), count)
    return float(metric.compute())


def head_scores(task: Task, head: nn.Module, keyed_test: Tensor, clean_test: Tensor, targets: Targets) -> Steps[Scores]:
    """UP and LP of what the head makes of cached activations (N, ...) of keyed and of clean test images."""
    return Scores(
        unlocked_performance=(yield from head_performance(task, head, keyed_test, targets, "Testing with the key")),
        locked_performance=(yield from head_performance(task, head, clean_test, targets, "Testing without the key")),
    )
