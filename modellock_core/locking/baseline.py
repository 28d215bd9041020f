"""The vanilla model: the same finetune without a lock, which locks are compared with."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..data.augmentation import augmented
from ..data.dataset import Dataset
from ..models.backbones import DEFAULT_BACKBONE, load_backbone
from ..models.freezing import split_model
from ..models.tasks import load_task
from ..work import Steps, work
from .activations import extract, features_of, head_performance
from .checks import check_training
from .finetune import finetune
from .recipe import DEFAULT_RECIPE, RECIPES, Recipe
from .training_set import Labelled, TrainingSet

MOST_DISTILLED = 5.0  # Toybox, seed 0: 94.2 % with 5, 92.9 with 15, 87.9 without


@work
def baseline(
    dataset: Dataset, *, recipe: Recipe | None = None, backbone: str = DEFAULT_BACKBONE, seed: int = 0
) -> Steps[float]:
    """Finetune on clean images alone, with what else a recipe says, and with the distillation that is best for it.

    Args: as of `lock`.

    Returns:
        Work that makes the vanilla performance, a fraction; no matter what a key is.
    """
    check_training(dataset, seed)
    recipe = recipe or RECIPES[dataset.task][DEFAULT_RECIPE]
    generator = torch.Generator().manual_seed(seed)
    config = replace(recipe.finetune, distillation=min(MOST_DISTILLED, recipe.finetune.distillation))
    task = load_task(dataset.task, dataset.classes, load_backbone(backbone))
    trunk, head = split_model(task.build(seed=seed), recipe.frozen_fraction)
    stage, reading = "Finetuning an unlocked model", "Reading clean images"

    train = augmented(dataset.train, recipe.mix.copies, generator)
    clean = yield from extract(task, trunk, train.images, reading, mirror=config.mirror)
    tests = yield from extract(task, trunk, dataset.test.images, reading)
    teacher = (yield from features_of(head, clean.plain, stage)) if config.distillation else None
    samples = TrainingSet((Labelled(clean, train.targets, teacher),))
    yield from finetune(task, head, samples, config, generator, stage)
    return (yield from head_performance(task, head, tests.plain, dataset.test.targets, "Testing the vanilla model"))
