"""Shared fixtures of the attacks: models to attack, and an attack's rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from modellock_core import Key, LockedModel, load_backbone, load_dataset
from modellock_core.evaluation.attacks import Target, labelled
from modellock_core.locking.activations import extract
from modellock_core.models.tasks import load_task
from modellock_core.models.tasks.regression import logistic_regression
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.work import Steps, Work

T = TypeVar("T")


@pytest.fixture(scope="module")
def target(toybox) -> Target:
    """The bundled lock, unsealed, with its key, and a few of the bundled images."""
    key = Key.load(EXAMPLE_KEY)
    return Target(LockedModel.load(EXAMPLE_LOCK).unsealed(key), key, toybox.limited(train=180, test=45))


@pytest.fixture(scope="module")
def vanilla(target) -> Target:
    """The public backbone with a last layer fitted to clean images: what a lock that doesn't lock would be."""
    task, train = target.locked.task, target.dataset.train
    model = task.build()
    features = Work(extract(task, model[:-1], train.images, "")).result().plain
    Work(logistic_regression(model[-1], features, train.targets.values)).result()
    return Target(replace(target.locked, model=model), target.key, target.dataset)


@pytest.fixture(scope="module")
def masks(target) -> Target:
    """An untrained segmentation model, and a few of the bundled images with their masks."""
    dataset = load_dataset("toybox", task="segmentation").limited(train=36, test=18)
    task = load_task("segmentation", dataset.classes, load_backbone())
    card = replace(target.locked.card, task=task.name, metric=task.metric_name, classes=dataset.classes)
    return Target(LockedModel(task, task.build(), card), target.key, dataset)


@pytest.fixture(autouse=True)
def few_decoder_steps(monkeypatch) -> None:
    """Decoders that thieves fit to masks needn't be good ones in a test."""
    monkeypatch.setattr(labelled, "DECODER_SAMPLES", 50)


@pytest.fixture(scope="session")
def result_of() -> Callable[[Steps[T]], T]:
    """What an attack returns; its progress never steps beyond its end."""

    def finished(steps: Steps[T]) -> T:
        work = Work(steps)
        for progress in work:
            assert progress.step <= progress.of, progress
        return work.result()

    return finished
