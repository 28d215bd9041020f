"""What thieves of the weights share: their labelled images, what those are worth without the stolen model, and scores.

Attacks that read a model's last modules off cached activations use these functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...data.dataset import Split
from ...data.image_sets import ImageSet
from ...data.targets import Targets
from ...devices import inference_batch, on_device
from ...locking.activations import extract, features_of
from ...locking.recipe import FinetuneConfig
from ...work import Progress, Steps, part_of
from ..performance import predicted_classes, score
from .setting import Target, over_seeds

PUBLIC = "a probe of the public backbone, same labels"
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1)  # weight decays of the probe; the best counts, as for a thief who validates
ITERATIONS = 100  # of L-BFGS
DECODER_SAMPLES = 400  # a decoder of few masks is fitted several times over, until it has seen so many


def thief_finetune(epochs: int) -> FinetuneConfig:
    """A finetune on labelled images alone, without the terms that lock."""
    return FinetuneConfig(epochs=epochs, lr=3e-4, batch=16, suppression=0, distillation=0, mirror=True)


def few_labels(target: Target, fraction: float, seed: int) -> Split:
    """The thief's labelled images: a fraction of the training images, drawn at random, at least one of each class.

    Every class has its share, as a thief who labels images himself would see to it.
    """
    train = target.dataset.train
    return train.subset(max(len(target.dataset.classes), round(fraction * len(train))), seed)


def probed(target: Target, model: nn.Sequential, labelled: Split, seed: int, stage: str) -> Steps[float]:
    """The metric on the test images after a new last layer was fitted, see `probe_predictions`."""
    predictions = yield from probe_predictions(target, model, labelled, seed, stage)
    return score(target.locked.task, predictions, target.dataset.test.targets)


def probe_predictions(target: Target, model: nn.Sequential, labelled: Split, seed: int, stage: str) -> Steps[Tensor]:
    """Predicted classes (N, ...) of the test images, after a new last layer was fitted; the model stays as it is."""
    task = target.locked.task
    known = yield from part_of(extract(task, model[:1], labelled.images, stage), stage, 0, 2)
    asked = yield from part_of(extract(task, model[:1], target.dataset.test.images, stage), stage, 1, 2)
    return (yield from refitted(target, model[1:], known.plain, labelled.targets, asked.plain, seed, stage))


def refitted(
    target: Target, head: nn.Sequential, known: Tensor, targets: Targets, asked: Tensor, seed: int, stage: str
) -> Steps[Tensor]:
    """Predicted classes (M, ...) of the test images by their cached activations (M, ...), with a new last layer.

    Of an image's class it is a regression, see `best_regression`; of masks a new decoder of the task's own.

    Args:
        head: the modules after the cached ones; they stay as they are.
        known, targets: N labelled images' activations (N, ...) and targets.
    """
    known, asked = (yield from features_of(head, known, stage)), (yield from features_of(head, asked, stage))
    if not target.locked.task.dense:
        return (yield from best_regression(target, known, targets.values, asked, stage))
    decoder = target.locked.task.build(pretrained=False, seed=seed)[-1]
    yield from fit_last(target, decoder, known, targets, seed)
    return (yield from predicted(decoder, asked, stage))


def armed(target: Target, labelled: Split, seed: int) -> Steps[Target]:
    """The target with a last layer that can be searched with, where the stolen one is sealed.

    It is fitted to the public backbone's features of the labelled images: locks pull the features of keyed images to
    those, so nothing that a thief can make comes closer.
    """
    locked, task = target.locked, target.locked.task
    if locked.sealed_layer is None:
        return target
    public = task.build(seed=seed)
    known = (yield from extract(task, public[:-1], labelled.images, "Fitting a new last layer")).plain
    yield from fit_last(target, public[-1], known, labelled.targets, seed)
    return replace(target, locked=replace(locked, model=locked.model[:-1].append(public[-1]), sealed_layer=None))


def opened_predictions(
    target: Target, searched: Target, labelled: Split, change: Callable[[ImageSet], ImageSet], asked: ImageSet,
    seed: int, stage: str,
) -> Steps[Tensor]:  # fmt: skip
    """Predicted classes (N, ...) of images by what a thief has found.

    Where the stolen last layer is sealed he also fits a new one, to labelled images changed as he found; the better
    of the two counts, by the test images: an upper bound.

    Args:
        target: the stolen model; its test targets go with `asked`.
        searched: the same from `armed`.
        change: of images, that opens the model.
        asked: clean test images.
    """
    predictions = yield from predicted_classes(searched.locked, change(asked), stage)
    if target.locked.sealed_layer is None:
        return predictions
    task, head = target.locked.task, target.locked.model[1:]
    known = (yield from extract(task, target.locked.model[:1], change(labelled.images), stage)).plain
    tested = (yield from extract(task, target.locked.model[:1], change(asked), stage)).plain
    again = yield from refitted(target, head, known, labelled.targets, tested, seed, stage)
    targets = target.dataset.test.targets
    return max(predictions, again, key=lambda answers: score(task, answers, targets))


def best_regression(target: Target, known: Tensor, labels: Tensor, asked: Tensor, stage: str) -> Steps[Tensor]:
    """Predicted classes (N,) of the test images by their features (N, D), from features (M, D) and labels (M,).

    The weight decay of the logistic regression is the one that is best on the test images: an upper bound.
    """
    task, candidates = target.locked.task, []
    for i, decay in enumerate(DECAYS):
        candidates.append(regression(known.float(), labels, asked.float(), len(task.classes), decay).argmax(1))
        yield Progress(stage, i + 1, len(DECAYS))
    return max(candidates, key=lambda predictions: score(task, predictions, target.dataset.test.targets))


def fit_last(target: Target, layer: nn.Module, features: Tensor, targets: Targets, seed: int) -> Steps[None]:
    """Fit a last layer in place to features (N, ...); a decoder as often as it takes to see `DECODER_SAMPLES`."""
    task, generator = target.locked.task, torch.Generator().manual_seed(seed)
    rounds = math.ceil(DECODER_SAMPLES / len(features)) if task.dense else 1
    for i in range(rounds):
        fitting = task.fit_last_layer(layer, features, targets.values, generator)
        yield from part_of(fitting, "Fitting a new last layer", i, rounds)


def regression(known: Tensor, labels: Tensor, asked: Tensor, classes: int, decay: float) -> Tensor:
    """Logits (M, K) of features (M, D), by logistic regression on standardised features (N, D) and labels (N,)."""
    centre, spread = known.mean(0), known.std(0, correction=0)
    spread = spread.clamp(min=1e-3 * float(spread.max()) + 1e-12)  # suppressed features are tiny, and still say a lot
    known, asked = ((x - centre) / spread for x in (known, asked))
    layer = nn.utils.skip_init(nn.Linear, known.shape[1], classes)  # draws nothing
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def objective() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(layer(known), labels) + decay * layer.weight.square().sum()
        loss.backward()
        return loss.item()

    optimizer.step(objective)
    with torch.no_grad():
        return layer(asked)


def public_performance(target: Target, fraction: float, seed: int, stage: str) -> Steps[float]:
    """What the same labels reach without the stolen model: a probe of the public backbone; computed once."""
    labelled = few_labels(target, fraction, seed)
    place = (len(labelled), seed)
    if place not in target.public:
        model = target.locked.task.build(seed=seed)
        target.public[place] = yield from probed(target, model, labelled, seed, stage)
    return target.public[place]


def public_reference(target: Target, fraction: float, seeds: int, stage: str) -> Steps[float]:
    """The mean of `public_performance` over the seeds from 0."""
    reached = []
    for seed in range(seeds):
        reached.append((yield from part_of(public_performance(target, fraction, seed, stage), stage, seed, seeds)))
    return mean(reached)


def public_trunk(target: Target) -> int:
    """How many of the stolen model's first modules a thief finds to be the public backbone's, weight by weight.

    Locks freeze them. Half of all modules at most, so that there is something to train.
    """
    stolen, public = target.locked.model, target.locked.task.build()
    most = len(stolen) // 2
    for i, pair in enumerate(zip(stolen[:most], public, strict=False)):
        weights = zip(*(module.parameters() for module in pair), strict=True)
        if not all(torch.equal(a.half(), b.half()) for a, b in weights):  # a lock's file is in half precision
            return i
    return most


def predicted(head: nn.Module, activations: Tensor, stage: str) -> Steps[Tensor]:
    """The likeliest classes (N, ...) int64 that a model's last modules make of cached activations (N, ...)."""
    answers: list[Tensor] = []
    size = inference_batch()
    for chunk in activations.split(size):
        with torch.no_grad():
            answers.append(head(on_device(chunk)).argmax(1).to(activations.device))
        yield Progress(stage, min(len(answers) * size, len(activations)), len(activations))
    return torch.cat(answers)


def scores_of(target: Target, runs: Sequence[Tensor]) -> tuple[float, float | None, tuple[int, ...] | None]:
    """Mean and spread of the metric over runs of predicted classes (N, ...) of the test images; the best run's hits."""
    targets = target.dataset.test.targets
    reached = [score(target.locked.task, predictions, targets) for predictions in runs]
    return *over_seeds(reached), hits_of(target, runs[reached.index(max(reached))])


def hits_of(target: Target, predictions: Tensor) -> tuple[int, ...] | None:
    """The rows of the test images whose predicted classes (N,) are right; None of masks, or of some images."""
    if target.locked.task.dense or target.partly:
        return None
    return tuple((predictions == target.dataset.test.targets.values).nonzero().flatten().tolist())
