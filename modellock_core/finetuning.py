"""The finetune: the first stages stay frozen and their activations are cached, the rest is trained on those.

Called by `locking.py` for the locked and for the vanilla model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .devices import best_device, data_parallel, own_share
from .locked_model import BATCH, outputs
from .progress import Progress, reported
from .recipes import Recipe
from .tasks import Task

PASS = 32  # samples a backward pass; bounds the memory
Evaluate = Callable[[], Generator[None, None, dict[str, float]]]


@dataclass(frozen=True)
class Activations:
    """What the frozen stages make of images, in half precision.

    Attributes:
        plain: activations (N, C, h, w).
        mirrored: those of the mirrored images, or None if the finetune doesn't mirror.
    """

    plain: Tensor
    mirrored: Tensor | None = None

    def __getitem__(self, rows: Tensor) -> Activations:
        return Activations(self.plain[rows], None if self.mirrored is None else self.mirrored[rows])

    @classmethod
    def joined(cls, parts: Sequence[Activations]) -> Activations:
        """The samples of all parts in a row."""
        mirrored = None if parts[0].mirrored is None else torch.cat([part.mirrored for part in parts])
        return cls(torch.cat([part.plain for part in parts]), mirrored)


@dataclass(frozen=True)
class Samples:
    """What a finetune trains on, N samples.

    Attributes:
        activations: of the frozen stages.
        targets: (N,), or maps (N, H, W) that are mirrored with the images.
        silent: (N,) bool, samples whose features are pulled to zero; their targets and goals don't matter.
        goals: features (M, ...) in half precision that the others are pulled to, the same for all parts of a mix; or
            None.
        goal_rows: (N,) which of the goals are whose.
    """

    activations: Activations
    targets: Tensor
    silent: Tensor
    goals: Tensor | None = None
    goal_rows: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Samples:
        """The samples of all parts in a row."""
        return cls(
            Activations.joined([part.activations for part in parts]),
            torch.cat([part.targets for part in parts]),
            torch.cat([part.silent for part in parts]),
            parts[0].goals,
            None if parts[0].goals is None else torch.cat([part.goal_rows for part in parts]),
        )


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
                done[flipped].append(outputs(task, trunk, chunk.flip(-1) if flipped else chunk).half())
            yield Progress(stage, 0, 1)
    return Activations(torch.cat(done[False]), torch.cat(done[True]) if mirror else None)


def on_device(activations: Tensor) -> Tensor:
    """Cached activations (N, C, h, w) as the head wants them."""
    return activations.to(best_device(), torch.float32, memory_format=torch.channels_last)


def head_performance(task: Task, head: nn.Module, activations: Tensor, targets: Tensor) -> Generator[None, None, float]:
    """The task's metric, from activations (N, C, h, w) of the frozen stages; yields after every batch."""
    metric = task.metric()
    for x, y in zip(activations.split(BATCH), targets.split(BATCH), strict=True):
        with torch.inference_mode():
            scores = head(on_device(x))
            metric.update(scores.to(y.device), y)
        yield
    return float(metric.compute())


def head_features(head: nn.Sequential, activations: Tensor) -> Generator[None, None, Tensor]:
    """The features (N, ...) that the head's last stage reads, in half precision, of activations (N, C, h, w).

    Yields after every batch.
    """
    features = []
    for x in activations.split(BATCH):
        with torch.no_grad():
            features.append(head[:-1](on_device(x)).to(x.device, torch.float16))
        yield
    return torch.cat(features)


class Observed(nn.Module):
    """A head that gives its features beside its outputs."""

    def __init__(self, head: nn.Sequential):
        super().__init__()
        self.body, self.last = head[:-1], head[-1]

    def forward(self, activations: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(activations)
        return features, self.last(features)


def finetune(
    task: Task, head: nn.Sequential, samples: Samples, recipe: Recipe, seed: int, stage: str,
    evaluate: Evaluate | None = None,
) -> Generator[Progress, None, None]:  # fmt: skip
    """Train the stages that are not frozen, in place.

    The last layer is first fitted alone (LP-FT, arXiv 2202.10054), on the goals where there are any. Then all of `head`
    is trained except its depthwise filters, whose gradients take a third of the time and gain nothing. Samples are
    mirrored at random where the mirrored activations are there.

    Yields after every step; `evaluate` gives the progress's metrics before the first epoch and after each.
    Under `accelerate launch` every process takes its share of each batch, and the gradients are averaged.

    Args:
        head: the stages after the frozen ones.
    """
    torch.manual_seed(seed)
    device = best_device()
    speaking = ~samples.silent
    if samples.goals is None:
        known = yield from reported(head_features(head, samples.activations.plain[speaking]), stage)
    else:
        known = samples.goals[samples.goal_rows[speaking]]
        spread = 0.1 + known.std([0, *range(2, known.dim())]).float().to(device)
    yield from reported(task.fit_last_layer(head[-1], known.to(device), samples.targets[speaking].to(device)), stage)
    del known

    balance = speaking.sum() / max(1, samples.silent.sum())  # both kinds weigh alike

    for module in head.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.weight.requires_grad_(False)
    count = len(samples)
    steps_per_epoch = math.ceil(count / recipe.batch)
    total = steps_per_epoch * recipe.epochs
    optimizer = torch.optim.AdamW([p for p in head.parameters() if p.requires_grad], lr=recipe.lr, weight_decay=1e-2)
    # 0.21: the schedule divides by pct_start * total - 1, which 0.2 makes zero for five steps
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=total, pct_start=0.21)
    trained = data_parallel(Observed(head))

    def losses(rows: Tensor, turned: Tensor) -> Tensor:
        batch, targets = samples.activations.plain[rows], samples.targets[rows]
        if samples.activations.mirrored is not None:
            batch = torch.where(turned, samples.activations.mirrored[rows], batch)
            if targets.dim() == 3:
                targets = torch.where(turned[..., 0], targets.flip(-1), targets)
        features, answers = trained(on_device(batch))
        told = task.losses(answers, targets.to(device))
        if samples.goals is not None:
            goals = samples.goals[samples.goal_rows[rows]].to(device)
            distance = (features - goals).transpose(1, -1) / spread
            told = told + recipe.imitation * distance.square().flatten(1).mean(1)
        if not samples.silent.any():
            return told
        hushed = task.uniform_losses(answers) + recipe.silence * features.abs().flatten(1).mean(1)
        return torch.where(samples.silent[rows].to(device), balance * hushed, told)

    def tested(done: int) -> Generator[Progress, None, None]:
        if evaluate:
            metrics = yield from reported(evaluate(), stage, done, total)
            yield Progress(stage, done, total, metrics)

    yield from tested(0)
    for epoch in range(recipe.epochs):
        for i, rows in enumerate(torch.randperm(count).split(recipe.batch)):
            turned = torch.rand(len(rows), 1, 1, 1) < 0.5  # drawn for all, so that processes stay in step
            share = own_share(len(rows))
            optimizer.zero_grad()
            for part in share.split(PASS):
                (losses(rows[part], turned[part]).sum() / len(share)).backward()
            optimizer.step()
            schedule.step()
            yield Progress(stage, epoch * steps_per_epoch + i + 1, total)
        yield from tested((epoch + 1) * steps_per_epoch)
