"""What a lock measured; the command line writes it beside the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..data.dataset import Dataset
from ..models.tasks import Task
from .recipe import Recipe
from .scores import Scores


@dataclass(frozen=True)
class LockReport:
    """What a lock measured.

    Attributes:
        unlocked_performance, locked_performance: on the test images, with the key (UP) and without (LP), fractions.
        chance: the performance of whoever guesses.
        vanilla_performance: of the same finetune without a lock, if it was measured.
        seconds: of "edit", "finetune" and in "total".
    """

    unlocked_performance: float
    locked_performance: float
    chance: float
    task: str
    metric: str
    dataset: str
    classes: tuple[str, ...]
    num_train: int
    num_test: int
    recipe: str
    backbone: str
    seed: int
    seconds: dict[str, float]
    vanilla_performance: float | None = None


def new_report(
    dataset: Dataset, task: Task, recipe: Recipe, seed: int, scores: Scores, seconds: dict[str, float]
) -> LockReport:
    """The report of a lock; times are rounded to hundredths."""
    return LockReport(
        **asdict(scores),
        chance=task.chance(dataset.test.targets),
        task=task.name,
        metric=task.metric_name,
        dataset=dataset.name,
        classes=dataset.classes,
        num_train=len(dataset.train),
        num_test=len(dataset.test),
        recipe=recipe.name,
        backbone=task.backbone.name,
        seed=seed,
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )
