"""What a finetune trains on: samples with targets, and samples that are suppressed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data.targets import Targets
from ..editing.edited_dataset import EditedDataset
from ..models.tasks import Task
from ..work import Steps
from .activations import Activations, CachedDataset, features_of
from .recipe import FinetuneConfig


@dataclass(frozen=True)
class Labelled:
    """Samples with targets: keyed ones with their true targets, in the paper's recipe also clean ones with wrong ones.

    Attributes:
        activations: of the frozen modules, N.
        targets: N.
        teacher: features (N, ...) in half precision that theirs are pulled to, or None.
    """

    activations: Activations
    targets: Targets
    teacher: Tensor | None = None

    def __len__(self) -> int:
        return len(self.activations)


@dataclass(frozen=True)
class TrainingSet:
    """Samples for a finetune; rows count the labelled ones first.

    Attributes:
        labelled: one or more parts, those with a teacher first.
        suppressed: activations of samples that the model is to say nothing about; there may be none.
    """

    labelled: tuple[Labelled, ...]
    suppressed: tuple[Activations, ...] = ()

    @property
    def labelled_count(self) -> int:
        return sum(map(len, self.labelled))

    @property
    def suppressed_count(self) -> int:
        return sum(map(len, self.suppressed))

    def __len__(self) -> int:
        return self.labelled_count + self.suppressed_count


def training_set(
    task: Task, head: nn.Sequential, edited: EditedDataset, cached: CachedDataset, config: FinetuneConfig,
    generator: torch.Generator,
) -> Steps[TrainingSet]:  # fmt: skip
    """Keyed samples with their targets; clean ones suppressed, or with wrong targets as in the paper; negatives."""
    teacher = None
    if config.distillation:
        originals = chosen(cached.clean, edited.keyed_rows).plain
        teacher = yield from features_of(head, originals, "Computing teacher features")
    keyed = Labelled(cached.keyed, edited.train.targets[edited.keyed_rows], teacher)
    clean = chosen(cached.clean, edited.clean_rows)
    negatives = (cached.negatives,) if len(cached.negatives) else ()
    if config.suppression:
        return TrainingSet((keyed,), (clean, *negatives))
    wrong = task.wrong_targets(edited.train.targets, generator)[edited.clean_rows]
    return TrainingSet((keyed, Labelled(clean, wrong)), negatives)


def chosen(activations: Activations, rows: Tensor) -> Activations:
    """Some rows in order; all of them are no copy."""
    return activations if len(rows) == len(activations) else activations[rows]


@dataclass(frozen=True)
class Batch:
    """Some samples of a training set, the labelled ones first.

    Attributes:
        activations: (B, ...) of all of them.
        targets: (L, ...) of the labelled ones.
        teacher: (M, ...) features that those of the first M samples are pulled to, or None.
    """

    activations: Tensor
    targets: Tensor
    teacher: Tensor | None


def batch_of(samples: TrainingSet, rows: Tensor, flips: Tensor) -> Batch:
    """The samples of rows (B,), flipped from left to right where `flips` (B,) says so."""
    activations, targets, teacher, first = [], [], [], 0
    parts: tuple[Labelled | Activations, ...] = (*samples.labelled, *samples.suppressed)
    for part in parts:
        members = (rows >= first) & (rows < first + len(part))
        own, own_flips = rows[members] - first, flips[members]
        if isinstance(part, Labelled):
            activations.append(part.activations[own].flipped(own_flips))
            targets.append(part.targets[own].flipped(own_flips).values)
            if part.teacher is not None:
                teacher.append(part.teacher[own])
        else:
            activations.append(part[own].flipped(own_flips))
        first += len(part)
    return Batch(torch.cat(activations), torch.cat(targets), torch.cat(teacher) if teacher else None)
