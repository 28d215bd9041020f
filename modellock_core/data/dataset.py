"""A labelled dataset, wherever it comes from; `sources.py` loads one by name.

Start of the pipe: `lock` takes a `Dataset`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..errors import ModelLockError
from ..reading import is_text
from .class_names import MAX_NAME, check_class_names
from .image_sets import ChosenImages, ImageSet
from .targets import Targets


@dataclass(frozen=True)
class Split:
    """N images, and what is to be found in them."""

    images: ImageSet
    targets: Targets

    def __len__(self) -> int:
        return len(self.targets)

    def subset(self, count: int, seed: int = 0) -> Split:
        """At most `count` samples, drawn evenly over the classes; a mask counts as what it holds most of."""
        if count >= len(self):
            return self
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        strata = self.targets.strata()[order]
        # rank of each sample within its class; the lowest ranks of every class come first
        rank = torch.empty_like(strata)
        for stratum in strata.unique():
            members = strata == stratum
            rank[members] = torch.arange(int(members.sum()))
        chosen = order[rank.argsort(stable=True)[:count]].sort().values
        return Split(ChosenImages(self.images, chosen), self.targets[chosen])


@dataclass(frozen=True)
class Dataset:
    """A labelled dataset: name, class names, train and test split, and the task it is for.

    Raises:
        ModelLockError: its name or its classes don't fit into a lock's card.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    task: str = "classification"

    def __post_init__(self) -> None:
        check_class_names(self.classes)
        if len(self.name) > MAX_NAME or not is_text(self.name):
            raise ModelLockError(f"the dataset's name must be a text of at most {MAX_NAME} characters; rename it")

    @property
    def image_size(self) -> int:
        """Side of the images in px."""
        return self.train.images.shape[-1]

    def limited(self, train: int | None = None, test: int | None = None, seed: int = 0) -> Dataset:
        """The same dataset with at most so many samples in each split."""
        return replace(
            self,
            train=self.train.subset(train, seed) if train else self.train,
            test=self.test.subset(test, seed) if test else self.test,
        )
