"""What is public of a locked model. Its key is not in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from ..data.class_names import MAX_NAME, check_class_names
from ..data.dataset import Dataset
from ..data.options import MAX_IMAGE_SIZE
from ..editing.key import Key
from ..errors import ModelLockError
from ..models.tasks import Task
from ..reading import read_json
from ..records import from_json, to_json
from ..writing import write_text
from .recipe import Recipe
from .scores import Fraction, Scores

FORMAT = 3
Hash: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Nonce: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Name: TypeAlias = Annotated[str, Field(max_length=MAX_NAME)]


def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    check_class_names(names)
    return names


@dataclass(frozen=True)
class LockCard:
    """What is public of a locked model.

    Attributes:
        task, metric, classes: what it predicts, and how that was measured.
        backbone: what `load_backbone` takes.
        image_size: side in px of the images it was trained on.
        dataset, recipe: names of what it was locked with.
        key_hash: `Key.fingerprint` of its key.
        unlocked_performance, locked_performance: on the dataset's test images, with the key (UP) and without (LP).
        vanilla_performance: of the same finetune without a lock, if it was measured.
        date, versions: when, and with which libraries.
        seal: the nonce of the last layer's encryption, see `seal.py`; None where that lies open.
    """

    task: Name
    metric: Name
    classes: Annotated[tuple[str, ...], Field(min_length=2), AfterValidator(_checked)]
    backbone: Annotated[str, Field(max_length=4000)]
    image_size: Annotated[int, Field(ge=1, le=MAX_IMAGE_SIZE)]
    dataset: Name
    recipe: Name
    key_hash: Hash
    unlocked_performance: Fraction
    locked_performance: Fraction
    date: Name
    versions: Annotated[dict[Name, Name], Field(max_length=100)]
    vanilla_performance: Fraction | None = None
    seal: Nonce | None = None
    format: Literal[3] = 3

    def save(self, file: Path) -> None:
        """Write the card as a JSON file."""
        write_text(file, json.dumps(to_json(self), indent=2) + "\n")

    @classmethod
    def load(cls, file: Path) -> LockCard:
        """Read a card.

        Raises:
            ModelLockError: it is damaged, or of another format.
            FileNotFoundError: there is none.
        """
        name = f"the lock card in {file.parent}"
        values = read_json(file, name)
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ModelLockError(f"{name} is not of format {FORMAT}; lock again with this version")
        return from_json(cls, values, name)


def new_card(dataset: Dataset, task: Task, key: Key, recipe: Recipe, scores: Scores) -> LockCard:
    """The card of a lock made today."""
    return LockCard(
        task=task.name,
        metric=task.metric_name,
        classes=dataset.classes,
        backbone=task.backbone.name,
        image_size=dataset.image_size,
        dataset=dataset.name,
        recipe=recipe.name,
        key_hash=key.fingerprint(),
        **asdict(scores),
        date=date.today().isoformat(),
        versions={name: version(name) for name in ("torch", "timm", "diffusers")},
    )
