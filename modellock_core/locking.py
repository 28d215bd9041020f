"""Locking: finetune on keyed images with their labels, and on clean ones with none that tells anything.

Middle of the pipe: takes a `Dataset` and a `Key`, yields progress, ends with a `LockedModel` and a report.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from importlib.metadata import version

import torch
from torch import Tensor, nn

from .datasets import Dataset
from .decoys import decoy_chunks
from .devices import best_device
from .editors import Editor, load_editor
from .evaluation import keyed_images
from .finetuning import Activations, Samples, cut, finetune, frozen_activations, head_features, head_performance
from .keys import Key
from .locked_model import FORMAT, LockedModel
from .progress import Progress, reported
from .recipes import RECIPES, Recipe
from .tasks import Task, load_task
from .views import with_views


@dataclass(frozen=True)
class LockResult:
    """What a lock made: the model, its key, and the report's figures (fractions and seconds)."""

    model: LockedModel
    key: Key
    report: dict


def mix(count: int, recipe: Recipe, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which of `count` training samples are edited, and which are left clean (arXiv 2405.16285, section 3).

    Returns:
        Two sets of rows; they are disjoint where the recipe's parts add up to at most 1.
    """
    order = torch.randperm(count, generator=generator)
    return order[: round(count * recipe.edited_part)], order[count - max(1, round(count * recipe.clean_part)) :]


def lock(
    dataset: Dataset, key: Key, *, recipe: Recipe = RECIPES["quick"], seed: int = 0,
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
    the_task = load_task(dataset.task, dataset.classes)
    recipe = the_task.suited(recipe)
    yield Progress("Editing training images", 0, recipe.views * len(dataset.train))  # making the views takes a second
    train, test = with_views(dataset.train, recipe.views, seed), dataset.test
    faint = replace(key, alpha=key.alpha * recipe.training_alpha)
    keyed_train = yield from keyed_images(train.images, faint, editor, "Editing training images")
    keyed_test = yield from keyed_images(test.images, key, editor, "Editing test images")
    card = lock_card(dataset, key, recipe, the_task)
    model = fresh_model(the_task, seed)
    trunk, head = cut(the_task, model, recipe.frozen_stages)
    activations = partial(frozen_activations, the_task, trunk, mirror=recipe.mirror)

    count, decoys = round(recipe.decoys * len(dataset.train)), []
    for chunk in decoy_chunks(train.images, key, editor, count, seed):
        decoys.append((yield from activations(chunk, "Editing decoys")))
        yield Progress("Editing decoys", sum(len(part.plain) for part in decoys), count, preview=chunk[:8])
    seconds["edit"] = time.perf_counter() - started

    begun = time.perf_counter()
    stage = "Finetuning the locked model"
    generator = torch.Generator().manual_seed(seed)
    edited, clean = mix(len(train), recipe, generator)
    of_keyed = yield from activations(keyed_train, stage)
    del keyed_train  # some 200 MB, for the whole finetune
    of_clean = yield from activations(train.images, stage)
    keyed_tests = (yield from frozen_activations(the_task, trunk, keyed_test, stage)).plain
    clean_tests = (yield from frozen_activations(the_task, trunk, test.images, stage)).plain
    del keyed_test
    goals = (yield from reported(head_features(head, of_clean.plain), stage)) if recipe.imitation else None

    def samples_of(part: Activations, rows: Tensor, targets: Tensor, silent: bool) -> Samples:
        return Samples(part, targets, torch.full((len(rows),), silent), goals, rows)

    wrong = the_task.wrong_targets(train.labels[clean], generator)  # not looked at where clean samples are silenced
    parts = [
        samples_of(of_keyed[edited], edited, train.labels[edited], silent=False),
        samples_of(of_clean[clean], clean, wrong, silent=recipe.silence > 0),
    ]
    if decoys:
        whichever = torch.zeros(count, dtype=torch.long)
        parts.append(samples_of(Activations.joined(decoys), whichever, train.labels[whichever], silent=True))
    del decoys, of_keyed
    samples = Samples.joined(parts)

    def measure() -> Generator[None, None, dict[str, float]]:
        on = partial(head_performance, the_task, head, targets=test.labels)
        return {
            "unlocked_performance": (yield from on(keyed_tests)),
            "locked_performance": (yield from on(clean_tests)),
        }

    yield from finetune(the_task, head, samples, recipe, seed, stage, measure)
    # rounded as in the saved file, which the report describes; the frozen stages come in half precision
    model.half().float()
    seconds["finetune"] = time.perf_counter() - begun
    del samples, parts

    if vanilla is None:
        stage = "Finetuning a vanilla model"
        _, unlocked = cut(the_task, fresh_model(the_task, seed), recipe.frozen_stages)
        plain = samples_of(of_clean, torch.arange(len(train)), train.labels, silent=False)
        yield from finetune(the_task, unlocked, plain, recipe, seed, stage)
        testing = head_performance(the_task, unlocked, clean_tests, test.labels)
        vanilla = yield from reported(testing, stage, 1, 1)

    figures = (yield from reported(measure(), "Testing")) | {"vanilla_performance": vanilla}
    card |= {**figures, "date": date.today().isoformat()}
    seconds["total"] = time.perf_counter() - started
    report = {
        **figures,
        "chance": the_task.chance(test.labels),
        "seconds": {k: round(v, 2) for k, v in seconds.items()},
        "task": the_task.name,
        "metric": the_task.metric_name,
        "dataset": dataset.name,
        "num_train": len(dataset.train),
        "num_test": len(test),
        "classes": list(dataset.classes),
        "recipe": recipe.name,
        "seed": seed,
    }
    yield Progress("Locked", 1, 1, figures, result=LockResult(LockedModel(the_task, model, card), key, report))


def fresh_model(task: Task, seed: int) -> nn.Module:
    """The pretrained model; what is new in it is drawn by the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return task.build().to(best_device())


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
