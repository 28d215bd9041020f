"""Hold out a test split where a source has none: the same images for the same seed, some of every class."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from ..errors import ModelLockError

TEST_NAMES = ("test", "val", "valid", "validation")  # of folders and splits that are there to test

Item = TypeVar("Item", str, int, Path)


def held_out(items: Sequence[Item], fraction: float, seed: str) -> tuple[list[Item], list[Item]]:
    """Items to train on and items to test on, at least one of each, both sorted."""
    shuffled = random.Random(seed).sample(items, len(items))
    count = min(len(items) - 1, max(1, round(len(items) * fraction)))
    return sorted(shuffled[count:]), sorted(shuffled[:count])


def held_out_per_class(
    items: Mapping[str, Sequence[Item]], fraction: float, seed: int
) -> tuple[dict[str, list[Item]], dict[str, list[Item]]]:
    """Items to train on and items to test on, by class.

    Raises:
        ModelLockError: a class has fewer than two items.
    """
    train, test = {}, {}
    for label, members in items.items():
        if len(members) < 2:
            raise ModelLockError(
                f"class {label!r} has {len(members)} image; at least 2 are needed, to train and to test"
            )
        train[label], test[label] = held_out(members, fraction, f"{seed}-{label}")
    return train, test


def held_out_rows(labels: Tensor, classes: Sequence[str], fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Rows to train on and rows to test on, both int64 and sorted, of N images with class indices (N,).

    Raises:
        ModelLockError: fewer than two classes have images, or one of them has a single image.
    """
    members = {classes[i]: (labels == i).nonzero().flatten().tolist() for i in labels.unique().tolist()}
    if len(members) < 2:
        raise ModelLockError(f"only {len(members)} class has images; at least 2 are needed")
    splits = held_out_per_class(members, fraction, seed)
    train, test = (torch.tensor(sorted(row for rows in split.values() for row in rows)) for split in splits)
    return train, test
