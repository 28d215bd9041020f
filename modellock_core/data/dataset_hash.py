"""Which images and targets a dataset holds, so that a resumed lock knows whether it has changed."""

from __future__ import annotations

import hashlib

from .dataset import Dataset
from .image_sets import batches

BATCH = 64  # images read at a time


def dataset_hash(dataset: Dataset) -> str:
    """SHA-256 of the images, rounded to grey levels, of the targets and of the class names, in order."""
    digest = hashlib.sha256("\n".join(dataset.classes).encode())
    for split in (dataset.train, dataset.test):
        digest.update(split.targets.values.contiguous().numpy().tobytes())
        for images in batches(split.images, BATCH):
            digest.update((images * 255).round().byte().numpy().tobytes())
    return digest.hexdigest()
