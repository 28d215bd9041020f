"""The edited dataset: which training images are keyed, which stay clean, and which are keyed wrongly.

Middle of the pipe: made from a `Dataset` and a `Key`; `locking` trains on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.augmentation import augmented
from ..data.dataset import Dataset, Split
from ..data.image_sets import ChangedWhenRead, ChosenImages, ImageSet
from .editors import Editor
from .key import Key, apply_key
from .mix import Mix
from .negatives import NegativeImages, negative_images


@dataclass(frozen=True)
class EditedImages(ChangedWhenRead):
    """Images with a key applied when they are asked for, an `ImageSet`."""

    key: Key
    editor: Editor

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        return apply_key(self.source[rows], self.key, self.editor)


@dataclass(frozen=True)
class EditedDataset:
    """A dataset as a lock sees it.

    Attributes:
        train: the training samples, augmented, unedited: N.
        keyed_rows, clean_rows: which of them are keyed, and which are left clean.
        keyed: the keyed training images, those of `keyed_rows`.
        negatives: training images keyed wrongly; there may be none.
        test, keyed_test: the test samples, clean and keyed.
    """

    train: Split
    keyed_rows: Tensor
    clean_rows: Tensor
    keyed: EditedImages
    negatives: NegativeImages
    test: Split
    keyed_test: EditedImages


def chunk_of(images: ImageSet, most: int) -> int:
    """Images between two progress reports: `most`, or fewer where each takes a big editor seconds."""
    return min(most, images.editor.chunk) if isinstance(images, EditedImages | NegativeImages) else most


def edit_dataset(dataset: Dataset, key: Key, editor: Editor, mix: Mix, generator: torch.Generator) -> EditedDataset:
    """Mix clean and keyed samples (arXiv 2405.16285, section 3.2); images are edited when they are asked for."""
    train = augmented(dataset.train, mix.copies, generator)
    order = torch.randperm(len(train), generator=generator)
    keyed_rows = order[: max(1, round(len(train) * mix.keyed_fraction))].sort().values
    clean = max(1, round(len(train) * mix.clean_fraction), min(len(train), mix.fewest_clean))
    clean_rows = order[len(train) - clean :].sort().values
    fainter = replace(key, alpha=key.alpha * mix.training_alpha)
    negatives = negative_images(train.images, key, editor, round(mix.negatives * len(dataset.train)), generator)
    return EditedDataset(
        train=train,
        keyed_rows=keyed_rows,
        clean_rows=clean_rows,
        keyed=EditedImages(ChosenImages(train.images, keyed_rows), fainter, editor),
        negatives=negatives,
        test=dataset.test,
        keyed_test=EditedImages(dataset.test.images, key, editor),
    )
