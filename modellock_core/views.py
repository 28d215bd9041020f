"""Views: the training images once more, each cropped and mirrored at random before it is keyed.

Called by `locking.py`. The images are turned and not the edits: a mirrored edit is not one the editor makes.
"""

from __future__ import annotations

import torch
from torchvision.transforms import v2

from .datasets import Split

SCALES = (0.7, 1.0)  # parts of the area that a crop keeps
RATIOS = (0.9, 1.1)  # width to height of the crop


def with_views(split: Split, views: int, seed: int) -> Split:
    """The split and `views` - 1 altered copies after it, drawn by `seed`; labels must survive a mirror.

    Args:
        split: N images (3, H, W).
        views: of each image, itself among them.

    Returns:
        N * views samples of the same size.
    """
    crop = v2.RandomResizedCrop(tuple(split.images.shape[-2:]), scale=SCALES, ratio=RATIOS)
    alter = v2.Compose([v2.RandomHorizontalFlip(), crop])
    images = [split.images]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        images += [torch.stack([alter(image) for image in split.images]) for _ in range(views - 1)]
    return Split(torch.cat(images), split.labels.repeat(views))
