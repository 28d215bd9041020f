"""Copying by asking: the thief trains the public backbone on what the stolen model, or its holder's service, answers.

He needs no labels: the copy learns from his own images and the answers alone.
"""

from __future__ import annotations

import copy
from collections import defaultdict

import torch
from torch import Tensor, nn

from ...data.image_sets import ChosenImages, ImageSet, batches
from ...data.targets import ClassLabels, Masks, Targets
from ...devices import inference_batch
from ...editing.edited_dataset import EditedImages
from ...locking.activations import extract
from ...locking.finetune import finetune
from ...locking.recipe import DEFAULT_RECIPE, RECIPES
from ...locking.training_set import Labelled, TrainingSet
from ...models.freezing import split_model
from ...models.inference import outputs
from ...models.tasks import Task
from ...work import Progress, Steps, part_of
from .labelled import predicted, scores_of, thief_finetune
from .setting import Budget, Finding, Target

STAGE = "Copying by asking"
SIZES = (100, 500)  # images asked about, beside all training images
QUERIES = 5  # images that may be asked about, to one candidate of a search
ALL_EPOCHS = 50  # so many images are gone through in all epochs; four times as many in half of them
CLEAN, SERVICE, TRUE = "extraction", "extraction through the holder's service", "true labels"
KNOWS = {CLEAN: "images without labels", SERVICE: "images without labels, a service that keys images for its users"}
REFERENCE = "the public backbone, as many true labels"


def extraction(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Knockoff Nets (arXiv 1812.02766) with random training images: soft labels of classes, hard ones of masks.

    A locked model that is asked without the key has to leave the copy at chance. What the holder's service gives away,
    every service does, locked model or not. Data-free extraction (arXiv 2011.14779) is left out: its generator would
    first have to find inputs that the locked model answers, which `universal_pattern` and `input_disguise` look for.
    """
    sizes = sizes_of(len(target.dataset.train), budget)
    copies: dict[tuple[str, int], list[Tensor]] = defaultdict(list)
    for seed in range(budget.seeds):
        copied = yield from part_of(_copies(target, budget, sizes, seed), STAGE, seed, budget.seeds)
        for place, predictions in copied.items():
            copies[place].append(predictions)
    findings = []
    for size in sizes:
        reference, _, _ = scores_of(target, copies[TRUE, size])
        for name, knows in KNOWS.items():
            reached, spread, hits = scores_of(target, copies[name, size])
            findings.append(
                Finding(
                    attack=name,
                    variant=f"{size} queries",
                    knows=knows,
                    cost=f"a finetune of {_epochs(budget, size)} epochs",
                    score=reached,
                    reference=reference,
                    reference_name=REFERENCE,
                    spread=spread,
                    queries=size,  # what a service's copy gets right says nothing about a lock
                    hits=hits if name == CLEAN else None,
                )
            )
    return findings


def sizes_of(count: int, budget: Budget) -> list[int]:
    """Numbers of queries that a budget allows, of `count` images that there are."""
    most = min(count, QUERIES * budget.queries)
    return sorted({size for size in (*SIZES, count) if size <= most}) or [most]


def _epochs(budget: Budget, size: int) -> int:
    return max(1, round(budget.epochs * min(1, (ALL_EPOCHS / size) ** 0.5)))


def _copies(target: Target, budget: Budget, sizes: list[int], seed: int) -> Steps[dict[tuple[str, int], Tensor]]:
    """Predicted classes (N, ...) of the test images by copies, for each kind of answers and number of queries."""
    task, train = target.locked.task, target.dataset.train
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(train), generator=generator)[: sizes[-1]]
    asked, done, parts = ChosenImages(train.images, rows), 0, 4 + 3 * len(sizes)
    taught: dict[str, Targets] = {TRUE: train.targets[rows]}
    for name, images in ((CLEAN, asked), (SERVICE, EditedImages(asked, target.key, target.editor))):
        taught[name] = yield from part_of(_answers(target, images), STAGE, done, parts)
        done += 1
    trunk, fresh = split_model(task.build(seed=seed), RECIPES[task.name][DEFAULT_RECIPE].frozen_fraction)
    known = yield from part_of(extract(task, trunk, asked, STAGE, mirror=True), STAGE, done, parts)
    tests = yield from part_of(extract(task, trunk, target.dataset.test.images, STAGE), STAGE, done + 1, parts)
    done += 2
    copies = {}
    for size in sizes:
        for name, targets in taught.items():
            samples = Labelled(known[torch.arange(size)], targets[torch.arange(size)])
            copying = _copy(task, copy.deepcopy(fresh), samples, tests.plain, _epochs(budget, size), generator)
            copies[name, size] = yield from part_of(copying, STAGE, done, parts)
            done += 1
    return copies


def _copy(
    task: Task, head: nn.Sequential, samples: Labelled, tests: Tensor, epochs: int, generator: torch.Generator
) -> Steps[Tensor]:
    """Finetune the public backbone on answers; its classes (N, ...) for the test images' activations (N, ...)."""
    config = thief_finetune(epochs)
    yield from finetune(task, head, TrainingSet((samples,)), config, generator, STAGE)
    return (yield from predicted(head, tests, STAGE))


def _answers(target: Target, images: ImageSet) -> Steps[Targets]:
    """What the locked model answers to images: probabilities (N, K), or masks (N, H, W)."""
    task, answers, size = target.locked.task, list[Tensor](), inference_batch()
    for chunk in batches(images, size):
        with torch.no_grad():
            logits = outputs(task, target.locked.model, chunk)
        answers.append(logits.argmax(1).byte() if task.dense else logits.softmax(1))
        yield Progress(STAGE, min(len(answers) * size, len(images)), len(images))
    values = torch.cat(answers)
    return Masks(values) if task.dense else ClassLabels(values)  # cross-entropy takes probabilities as it takes labels
