"""A thief finetunes the stolen model on a few clean labelled images.

He trains all layers or the last one, each from the stolen last layer or a new one, at several learning rates.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ...devices import best_device, on_device
from ...locking.activations import Activations, extract, features_of
from ...locking.optimizer import one_cycle
from ...locking.training_set import Labelled, TrainingSet, batch_of
from ...work import Progress, Steps, part_of
from .labelled import few_labels, predicted, public_reference, public_trunk, scores_of
from .setting import Budget, Finding, Target

STAGE = "Finetuning as a thief"
REFERENCE = "the public backbone finetuned in its best way, same labels"
# by NTLBench's name: whether the last layer is new, and whether it alone is trained
WAYS = {
    "direct-all": (False, False), "initFC-all": (True, False), "direct-FC": (False, True), "initFC-FC": (True, True),
}  # fmt: skip
RATES = (3e-4, 1e-4, 1e-3)
LAST_LAYER_RATE = 10.0  # times that of all layers
BATCH = 16


def finetuning(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The four standard ways (NTLBench, arXiv 2502.13593), each at the learning rate that is best on the test images.

    That is an upper bound, for the public backbone too, which has no last layer to start from. Later seeds keep the
    rate that was best with the first. A new last layer is fitted alone first (LP-FT, arXiv 2202.10054). Modules that
    are still the public ones stay, and so do depthwise filters. A budget of one seed trains all layers only, at one
    rate.
    """
    task, test, cut, seeds = target.locked.task, target.dataset.test, public_trunk(target), budget.seeds
    ways, rates = (list(WAYS), RATES) if seeds > 1 else (list(WAYS)[:2], RATES[:1])
    trunk, stolen, public = target.locked.model[:cut], target.locked.model[cut:], task.build()[cut:]
    asked = (yield from extract(task, trunk, test.images, STAGE)).plain
    tried = [(stolen, way) for way in ways] + [(public, way) for way in ways if WAYS[way][0]]
    done, count = 0, len(tried) * len(budget.label_fractions) * (len(rates) + seeds - 1)
    findings: list[Finding] = []
    for fraction in budget.label_fractions:
        left: list[Sequence[float]] = [rates] * len(tried)
        runs: list[list[Tensor]] = [[] for _ in tried]
        for seed in range(seeds):
            labelled = few_labels(target, fraction, seed)
            samples = Labelled((yield from extract(task, trunk, labelled.images, STAGE, mirror=True)), labelled.targets)
            for i, (head, way) in enumerate(tried):
                trials = []
                for rate in left[i]:
                    trial = _finetuned(target, head, way, samples, asked, rate, budget.epochs, seed)
                    trials.append((yield from part_of(trial, STAGE, done, count)))
                    done += 1
                scores = [scores_of(target, [predictions])[0] for predictions in trials]
                best = scores.index(max(scores))
                left[i] = left[i][best : best + 1]
                runs[i].append(trials[best])
        reached = [scores_of(target, of_one) for of_one in runs]
        probe = yield from public_reference(target, fraction, seeds, STAGE)
        reference = max(probe, *(score for score, _, _ in reached[len(ways) :]))
        cost = f"{budget.epochs} epochs at {len(rates)} learning rates"
        for way, (score, spread, hits) in zip(ways, reached, strict=False):
            variant, queries = f"{way}, {100 * fraction:g}% of the labels", len(samples) * budget.epochs * len(rates)
            findings.append(
                Finding(
                    attack="finetune",
                    variant=variant,
                    knows="these labelled images",
                    cost=cost,
                    score=score,
                    reference=reference,
                    reference_name=REFERENCE,
                    spread=spread,
                    labels=len(samples),
                    queries=queries,
                    hits=hits,
                )
            )
    return findings


def _finetuned(
    target: Target, head: nn.Sequential, way: str, samples: Labelled, asked: Tensor, rate: float, epochs: int, seed: int
) -> Steps[Tensor]:
    """Predicted classes (N, ...) of the test images, by their cached activations, after a finetune of the last modules.

    The modules themselves are not changed.
    """
    task, generator, head = target.locked.task, torch.Generator().manual_seed(seed), copy.deepcopy(head)
    new_last, last_only = WAYS[way]
    known = samples.activations
    if new_last:
        head[-1] = task.build(pretrained=False, seed=seed)[-1]
        features = yield from features_of(head, known.plain, STAGE)
        yield from task.fit_last_layer(head[-1], features, samples.targets.values, generator)
    if last_only:
        assert known.mirrored is not None
        plain, mirrored = (yield from features_of(head, known.plain, STAGE)), known.mirrored
        known = Activations(plain, (yield from features_of(head, mirrored, STAGE)))
        asked, head, rate = (yield from features_of(head, asked, STAGE)), head[-1:], LAST_LAYER_RATE * rate
    training = TrainingSet((Labelled(known, samples.targets),))

    def loss_of(rows: Tensor) -> Tensor:
        batch = batch_of(training, rows, torch.rand(len(rows), generator=generator) < 0.5)
        return task.losses(head(on_device(batch.activations)), batch.targets.to(best_device())).mean()

    yield from descend(head, loss_of, len(samples), rate, epochs, BATCH, generator, STAGE)
    return (yield from predicted(head, asked, STAGE))


def descend(
    head: nn.Module, loss_of: Callable[[Tensor], Tensor], samples: int, rate: float, epochs: int, batch: int,
    generator: torch.Generator, stage: str,
) -> Steps[None]:  # fmt: skip
    """Train a copy of a model's last modules in place by AdamW; all but depthwise filters, as a lock's finetune does.

    Args:
        loss_of: the loss, a scalar, of samples by their rows (B,).
        rate: peak of the one-cycle schedule.
    """
    for module in head.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.weight.requires_grad_(False)
    total, done = epochs * math.ceil(samples / batch), 0
    optimizer, schedule = one_cycle(head, rate, total)
    for _ in range(epochs):
        for rows in torch.randperm(samples, generator=generator).split(batch):
            optimizer.zero_grad()
            loss_of(rows).backward()
            optimizer.step()
            schedule.step()
            done += 1
            yield Progress(stage, done, total)
