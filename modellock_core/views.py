"""Views: the training images once more, each cropped and mirrored at random before it is keyed.

Called by `locking.py`. The images are turned and not the edits: a mirrored edit is not one the editor makes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from .datasets import Split

SCALES = (0.7, 1.0)  # parts of the area that a crop keeps
RATIOS = (0.9, 1.1)  # width to height of the crop


def with_views(split: Split, views: int, seed: int) -> Split:
    """The split and `views` - 1 altered copies after it, drawn by `seed`; class indices must survive a mirror.

    Masks are cropped and mirrored with their images.

    Args:
        split: N images (3, H, W).
        views: of each image, itself among them.

    Returns:
        N * views samples of the same size.
    """
    crop = v2.RandomResizedCrop(tuple(split.images.shape[-2:]), scale=SCALES, ratio=RATIOS)
    alter = v2.Compose([v2.RandomHorizontalFlip(), crop])
    images, labels = [split.images], [split.labels]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(views - 1):
            pairs = [_altered(alter, *pair) for pair in zip(split.images, split.labels, strict=True)]
            images.append(torch.stack([image for image, _ in pairs]))
            labels.append(torch.stack([label for _, label in pairs]))
    return Split(torch.cat(images), torch.cat(labels))


def _altered(alter: v2.Transform, image: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    if label.dim():
        image, mask = alter(tv_tensors.Image(image), tv_tensors.Mask(label))
        return image.as_subclass(Tensor), mask.as_subclass(Tensor)
    return alter(image), label
