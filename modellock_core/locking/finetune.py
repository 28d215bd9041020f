"""The finetune: the frozen modules' activations are cached, the rest is trained on those."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import TypeAlias

import torch
from torch import Tensor, nn

from ..devices import accelerator, best_device, on_device, own_share, prepared
from ..models.tasks import Task
from ..work import Progress, Steps
from .activations import Activations, features_of
from .losses import feature_spread, keyed_loss, suppression_loss
from .optimizer import one_cycle
from .recipe import FinetuneConfig
from .scores import Scores
from .training_set import Batch, Labelled, TrainingSet, batch_of

PASS = 32  # samples a backward pass; bounds the memory
Evaluate: TypeAlias = Callable[[], Steps[Scores]]
Search: TypeAlias = Callable[[], Steps[Activations]]


class FeatureExtractor(nn.Module):
    """A head that gives the features beside the outputs."""

    def __init__(self, head: nn.Sequential):
        super().__init__()
        self.body, self.last = head[:-1], head[-1]

    def forward(self, activations: Tensor) -> tuple[Tensor, Tensor]:
        """Activations (N, ...) to features (N, C, ...) and outputs (N, K, ...)."""
        features = self.body(activations)
        return features, self.last(features)


def finetune(
    task: Task, head: nn.Sequential, samples: TrainingSet, config: FinetuneConfig, generator: torch.Generator,
    stage: str, evaluate: Evaluate | None = None, search: Search | None = None,
) -> Steps[None]:  # fmt: skip
    """Train the modules that are not frozen, in place.

    The last one is first fitted alone (LP-FT, arXiv 2202.10054). Yields after every step; `evaluate` gives the scores
    before the first epoch and after each. Under `accelerate launch` every process takes its share of each batch, and
    the modules train in its mixed precision.

    Args:
        head: the modules after the frozen ones.
        generator: all randomness comes from it, on every process the same.
        search: finds more samples to suppress, after every epoch but the last.
    """
    yield from _fit_last(task, head, samples.labelled[0], generator, stage)
    device, known = best_device(), samples.labelled[0].teacher
    spread = None if known is None else feature_spread(known).to(device)
    # an epoch is as long as the first; what is found later takes its share of the later ones
    steps_per_epoch = math.ceil(len(samples) / config.batch)
    total = steps_per_epoch * config.epochs

    def loss_of(batch: Batch, balance: float) -> Tensor:
        features, outputs = model(on_device(batch.activations))
        n = len(batch.targets)  # labelled samples come first
        targets = batch.targets.to(device)
        teacher = None if batch.teacher is None else batch.teacher.to(device)
        keyed = keyed_loss(task, features[:n], outputs[:n], targets, teacher, spread, config.distillation)
        suppressed = suppression_loss(task, features[n:], outputs[n:], config.suppression)
        return keyed.sum() + balance * suppressed.sum()

    def learn(rows: Tensor, flips: Tensor, balance: float, count: int) -> None:
        accelerator().backward(loss_of(batch_of(samples, rows, flips), balance) / count)

    def tested(done: int) -> Steps[None]:
        if evaluate is not None:
            scores = yield from evaluate()
            yield Progress(stage, done, total, asdict(scores))

    with _without_depthwise_gradients(head):
        plain_optimizer, schedule = one_cycle(head, config.lr, total)
        model, optimizer = prepared(FeatureExtractor(head), plain_optimizer)

        yield from tested(0)
        for epoch in range(config.epochs):
            order = torch.randperm(len(samples), generator=generator)
            balance = samples.labelled_count / max(1, samples.suppressed_count)  # both kinds weigh alike
            for i, rows in enumerate(order.split(config.batch)[:steps_per_epoch]):
                # drawn for all rows, so that processes stay in step
                flips = torch.rand(len(rows), generator=generator) < (0.5 if config.mirror else 0)
                share = own_share(len(rows))
                optimizer.zero_grad()
                *rest, last = share.split(PASS)
                with accelerator().no_sync(model):
                    for part in rest:
                        learn(rows[part], flips[part], balance, len(share))
                learn(rows[last], flips[last], balance, len(share))
                optimizer.step()
                if not optimizer.step_was_skipped:
                    schedule.step()
                yield Progress(stage, epoch * steps_per_epoch + i + 1, total)
            yield from tested((epoch + 1) * steps_per_epoch)
            if search is not None and epoch + 1 < config.epochs:
                samples = replace(samples, suppressed=(*samples.suppressed, (yield from search())))


def _fit_last(
    task: Task, head: nn.Sequential, labelled: Labelled, generator: torch.Generator, stage: str
) -> Steps[None]:
    """Fit the last module on the teacher's features, or where there is none on the head's own."""
    features = labelled.teacher
    if features is None:
        features = yield from features_of(head, labelled.activations.plain, stage)
    yield from task.fit_last_layer(head[-1], features, labelled.targets.values, generator)


@contextlib.contextmanager
def _without_depthwise_gradients(head: nn.Module) -> Iterator[None]:
    """Keep depthwise filters as they are: their gradients take a third of the time and gain nothing."""
    filters = [m.weight for m in head.modules() if isinstance(m, nn.Conv2d) and m.groups > 1 and m.weight.requires_grad]
    for weight in filters:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in filters:
            weight.requires_grad_(True)
