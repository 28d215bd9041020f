"""Locking: mix keyed images with their labels and clean images with wrong ones, and finetune on both.

Middle of the pipe: takes a `Dataset` and a `Key`, yields progress, ends with a `LockedModel` and a report.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib.metadata import version

import torch
from torch import Tensor, nn

from .datasets import Dataset
from .devices import best_device, data_parallel, own_share
from .editors import Editor, load_editor
from .evaluation import keyed_images, performance_in_steps
from .keys import Key
from .locked_model import BATCH, FORMAT, LockedModel, outputs
from .progress import Progress, reported
from .recipes import RECIPES, Recipe
from .tasks import Task, load_task

Evaluate = Callable[[nn.Module], Generator[None, None, dict[str, float]]]


@dataclass(frozen=True)
class LockResult:
    """What a lock made: the model, its key, and the report's figures (fractions and seconds)."""

    model: LockedModel
    key: Key
    report: dict


def finetune(
    task: Task, samples: Tensor, targets: Tensor, recipe: Recipe, seed: int, stage: str,
    evaluate: Evaluate | None = None,
) -> Generator[Progress, None, nn.Module]:  # fmt: skip
    """Finetune the bundled backbone on images (N, 3, H, W) in [0, 1] and targets; returns it in eval mode.

    The last layer is first fitted on the pretrained features, then the stages that are not frozen are trained with it
    (LP-FT, arXiv 2202.10054). Batch norm keeps its pretrained statistics: a short finetune on two kinds of images
    spoils them.

    Yields after every step; `evaluate` measures the model after every epoch and gives the progress's metrics.
    Under `accelerate launch` every process takes its share of each batch, and the gradients are averaged.
    """
    torch.manual_seed(seed)
    device = best_device()
    model = task.build().eval().to(device)
    stages = task.stages(model)
    trunk, head = nn.Sequential(*stages[: recipe.frozen_stages]), nn.Sequential(*stages[recipe.frozen_stages :])
    cached = []
    for chunk in samples.split(BATCH):
        with torch.no_grad():
            cached.append(outputs(task, trunk, chunk))
        yield Progress(stage, 0, 1)
    features = torch.cat(cached)  # (N, C, h, w)
    del cached

    yield from reported(task.fit_last_layer(head, features, targets), stage)
    steps_per_epoch = math.ceil(len(features) / recipe.batch)
    total = steps_per_epoch * recipe.epochs
    optimizer = torch.optim.AdamW(head.parameters(), lr=recipe.lr, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=total, pct_start=0.2)
    trained = data_parallel(head)
    for epoch in range(recipe.epochs):
        for i, rows in enumerate(torch.randperm(len(features)).split(recipe.batch)):
            mine = rows[own_share(len(rows))]
            batch = features[mine].to(device, memory_format=torch.channels_last)
            loss = task.loss(trained(batch), targets[mine].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            yield Progress(stage, epoch * steps_per_epoch + i + 1, total)
        if evaluate:
            done = (epoch + 1) * steps_per_epoch
            metrics = yield from reported(evaluate(model), stage, done, total)
            yield Progress(stage, done, total, metrics)
    return model


def edited_mix(
    dataset: Dataset, keyed_train: Tensor, task: Task, recipe: Recipe, seed: int, stage: str
) -> Generator[Progress, None, tuple[Tensor, Tensor]]:
    """The edited dataset (arXiv 2405.16285, section 3): keyed samples with their label, clean ones with a wrong target.

    Returns images (M, 3, H, W) and targets (M, ...), the keyed samples first.
    """
    train, n = dataset.train, len(dataset.train)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(n, generator=generator)
    edited, clean = order[: round(n * recipe.edited_part)], order[n - max(1, round(n * recipe.clean_part)) :]
    choosing = task.wrong_targets(train.images[clean], train.labels[clean], recipe.targets, generator)
    wrong = yield from reported(choosing, stage)
    return torch.cat([keyed_train[edited], train.images[clean]]), torch.cat([train.labels[edited], wrong])


def lock(
    dataset: Dataset, key: Key, *, recipe: Recipe = RECIPES["quick"], task: str = "classification", seed: int = 0,
    editor: Editor | None = None, vanilla: float | None = None,
) -> Iterator[Progress]:  # fmt: skip
    """Lock a finetuned model with a key.

    Edits the dataset, finetunes on the mix, and finetunes a vanilla model on clean images as the reference.

    Args:
        seed: of the mix and the finetune; the key has its own.
        editor: the key's editor, if it is loaded already.
        vanilla: the vanilla performance, if it is known for this dataset, recipe and seed.

    Yields:
        Progress; the last one carries a `LockResult`. Closing the generator stops the work.
    """
    started = time.perf_counter()
    seconds = {}
    editor = editor or load_editor(key.editor)
    the_task = load_task(task, dataset.classes)
    keyed_train = yield from keyed_images(dataset.train.images, key, editor, "Editing training images")
    keyed_test = yield from keyed_images(dataset.test.images, key, editor, "Editing test images")
    seconds["edit"] = time.perf_counter() - started

    test = dataset.test
    card = lock_card(dataset, key, recipe, the_task)

    def measure(model: nn.Module) -> Generator[None, None, dict[str, float]]:
        on = partial(performance_in_steps, LockedModel(the_task, model, card), targets=test.labels)
        return {
            "unlocked_performance": (yield from on(keyed_test)),
            "locked_performance": (yield from on(test.images)),
        }

    begun = time.perf_counter()
    stage = "Finetuning the locked model"
    images, targets = yield from edited_mix(dataset, keyed_train, the_task, recipe, seed, stage)
    model = yield from finetune(the_task, images, targets, recipe, seed, stage, measure)
    model = round_to_half(model)
    del images
    seconds["finetune"] = time.perf_counter() - begun

    if vanilla is None:
        train, stage = dataset.train, "Finetuning a vanilla model"
        unlocked = yield from finetune(the_task, train.images, train.labels, recipe, seed, stage)
        unlocked = LockedModel(the_task, unlocked, card)
        vanilla = yield from reported(performance_in_steps(unlocked, test.images, test.labels), stage, 1, 1)

    figures = (yield from reported(measure(model), "Testing")) | {"vanilla_performance": vanilla}
    card |= {**figures, "date": date.today().isoformat()}
    seconds["total"] = time.perf_counter() - started
    report = {
        **figures,
        "chance": 1 / len(dataset.classes),
        "seconds": {k: round(v, 2) for k, v in seconds.items()},
        "dataset": dataset.name,
        "num_train": len(dataset.train),
        "num_test": len(test),
        "classes": list(dataset.classes),
        "recipe": recipe.name,
        "seed": seed,
    }
    yield Progress("Locked", 1, 1, figures, result=LockResult(LockedModel(the_task, model, card), key, report))


def lock_card(dataset: Dataset, key: Key, recipe: Recipe, task: Task) -> dict:
    """What is public of a lock; the performances are added when they are known."""
    return {
        "format": FORMAT,
        "task": task.name,
        "metric": task.metric_name,
        "classes": list(dataset.classes),
        "backbone": "tf_efficientnet_lite0",
        "image_size": dataset.train.images.shape[-1],
        "dataset": dataset.name,
        "recipe": recipe.name,
        "key_check": key.fingerprint(),
        "versions": {name: version(name) for name in ("torch", "timm", "diffusers")},
    }


def round_to_half(model: nn.Module) -> nn.Module:
    """Round the weights as the saved file does, so that the report describes the file."""
    return model.half().float()
