"""The finetune: the first stages stay frozen and their activations are cached, the rest is trained on those.

Called by `locking.py` for the locked and for the vanilla model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .devices import best_device, data_parallel, own_share
from .locked_model import BATCH, outputs
from .progress import Progress, reported
from .recipes import Recipe
from .tasks import Task

Evaluate = Callable[[], Generator[None, None, dict[str, float]]]


@dataclass(frozen=True)
class Activations:
    """What the frozen stages make of images.

    Attributes:
        plain: activations (N, C, h, w).
        mirrored: those of the mirrored images, or None if the finetune doesn't mirror.
    """

    plain: Tensor
    mirrored: Tensor | None = None

    def __getitem__(self, rows: Tensor) -> Activations:
        return Activations(self.plain[rows], None if self.mirrored is None else self.mirrored[rows])

    def __add__(self, other: Activations) -> Activations:
        """The samples of both, these first."""
        both = None if self.mirrored is None else torch.cat([self.mirrored, other.mirrored])
        return Activations(torch.cat([self.plain, other.plain]), both)


def cut(task: Task, model: nn.Module, frozen_stages: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The model's frozen stages, and the rest; both share its weights."""
    stages = task.stages(model)
    return nn.Sequential(*stages[:frozen_stages]), nn.Sequential(*stages[frozen_stages:])


def frozen_activations(
    task: Task, trunk: nn.Module, images: Tensor, stage: str, mirror: bool = False
) -> Generator[Progress, None, Activations]:
    """Activations of the frozen stages on images (N, 3, H, W) in [0, 1]; yields after every batch."""
    done: dict[bool, list[Tensor]] = {False: [], True: []}
    for chunk in images.split(BATCH):
        for flipped in (False, True) if mirror else (False,):
            with torch.no_grad():
                done[flipped].append(outputs(task, trunk, chunk.flip(-1) if flipped else chunk))
            yield Progress(stage, 0, 1)
    return Activations(torch.cat(done[False]), torch.cat(done[True]) if mirror else None)


def head_performance(task: Task, head: nn.Module, activations: Tensor, targets: Tensor) -> Generator[None, None, float]:
    """The task's metric, from activations (N, C, h, w) of the frozen stages; yields after every batch."""
    correct = []
    for x, y in zip(activations.split(BATCH), targets.split(BATCH), strict=True):
        with torch.inference_mode():
            scores = head(x.to(best_device(), memory_format=torch.channels_last))
            correct.append(task.correct(scores.to(y.device), y))
        yield
    return float(torch.cat(correct).mean())


def finetune(
    task: Task, head: nn.Module, samples: Activations, targets: Tensor, weights: Tensor, recipe: Recipe, seed: int,
    stage: str, evaluate: Evaluate | None = None,
) -> Generator[Progress, None, None]:  # fmt: skip
    """Train the stages that are not frozen, in place.

    The last layer is first fitted on the pretrained features, then all of `head` is trained (LP-FT, arXiv 2202.10054).
    Batch norm keeps its pretrained statistics: a short finetune on two kinds of images spoils them. Samples are
    mirrored at random where `samples` has the mirrored ones.

    Yields after every step; `evaluate` is called after every epoch and gives the progress's metrics.
    Under `accelerate launch` every process takes its share of each batch, and the gradients are averaged.

    Args:
        head: the stages after the frozen ones, in eval mode.
        samples: N training samples; targets (N, ...); weights (N,) of their losses.
    """
    torch.manual_seed(seed)
    device = best_device()
    yield from reported(task.fit_last_layer(head, samples.plain, targets), stage)
    count = len(targets)
    steps_per_epoch = math.ceil(count / recipe.batch)
    total = steps_per_epoch * recipe.epochs
    optimizer = torch.optim.AdamW(head.parameters(), lr=recipe.lr, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=total, pct_start=0.2)
    trained = data_parallel(head)
    for epoch in range(recipe.epochs):
        for i, rows in enumerate(torch.randperm(count).split(recipe.batch)):
            turned = torch.rand(len(rows), 1, 1, 1) < 0.5  # drawn for all, so that processes stay in step
            share = own_share(len(rows))
            mine = rows[share]
            batch = samples.plain[mine]
            if samples.mirrored is not None:
                batch = torch.where(turned[share], samples.mirrored[mine], batch)
            batch = batch.to(device, memory_format=torch.channels_last)
            losses = task.losses(trained(batch), targets[mine].to(device))
            optimizer.zero_grad()
            (losses * weights[mine].to(device)).mean().backward()
            optimizer.step()
            schedule.step()
            yield Progress(stage, epoch * steps_per_epoch + i + 1, total)
        if evaluate:
            done = (epoch + 1) * steps_per_epoch
            metrics = yield from reported(evaluate(), stage, done, total)
            yield Progress(stage, done, total, metrics)
