"""The numbers of a mix of clean and keyed samples; `edited_dataset.py` makes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mix:
    """How a dataset is edited for a lock.

    Attributes:
        keyed_fraction: of the training samples, which are keyed and keep their true targets.
        clean_fraction: of the training samples, which are left clean; both may overlap.
        fewest_clean: so many are left clean at least, if there are so many: a model that sees few of them stays open.
        copies: augmented copies of every training sample, see `augmentation.py`.
        training_alpha: alpha of the training edits, as a fraction of the key's. Below 1 the model learns to open to
            fainter edits than it will get, so fewer keyed images are mistaken for clean ones.
        negatives: images keyed wrongly for each training image, see `negatives.py`.
    """

    keyed_fraction: float = 1.0
    clean_fraction: float = 1.0
    fewest_clean: int = 0
    copies: int = 0
    training_alpha: float = 1.0
    negatives: float = 0.0
