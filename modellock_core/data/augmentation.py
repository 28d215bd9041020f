"""Augmentation: the training images once more, each cropped and flipped at random before it is edited.

Images are altered and not their edits: a flipped edit is not one the editor makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from .dataset import Split
from .image_sets import ChosenImages

AREAS = (0.7, 1.0)  # fractions of the image's area that a crop keeps
RATIOS = (0.9, 1.1)  # width to height of the crop


def augmented(split: Split, copies: int, generator: torch.Generator) -> Split:
    """The split, and after it `copies` altered copies; masks are cropped and flipped with their images.

    Class indices must survive a flip.

    Args:
        split: N samples.

    Returns:
        N * (copies + 1) samples of the same size, images made when they are asked for.
    """
    if not copies:
        return split
    count, (_, height, width) = len(split), split.images.shape
    rows = torch.arange(count).repeat(copies + 1)  # (N * (copies + 1),)
    boxes = torch.tensor([0, 0, height, width]).repeat(len(rows), 1)
    flips = torch.zeros(len(rows), dtype=torch.bool)
    boxes[count:] = crop_boxes(count * copies, height, width, generator)
    flips[count:] = torch.rand(count * copies, generator=generator) < 0.5
    targets = split.targets[rows].cropped(boxes).flipped(flips)
    return Split(AugmentedImages(split.images, rows, boxes, flips), targets)


def crop_boxes(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Random boxes (count, 4) int64 in an image: top, left, height and width in px."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    area, ratio = height * width * uniform(*AREAS), uniform(*RATIOS)
    heights = (area / ratio).sqrt().round().clamp(1, height)
    widths = (area * ratio).sqrt().round().clamp(1, width)
    tops, lefts = uniform(0, 1) * (height - heights), uniform(0, 1) * (width - widths)
    return torch.stack([tops.round(), lefts.round(), heights, widths], dim=1).long()


@dataclass(frozen=True)
class AugmentedImages(ChosenImages):
    """Chosen images, cropped and flipped.

    Attributes:
        boxes: (M, 4) what is kept: top, left, height and width in px; it is resized to the source's size.
        flips: (M,) bool, flipped from left to right.
    """

    boxes: Tensor
    flips: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        images, size = super().__getitem__(rows), list(self.shape[1:])
        altered = []
        for image, box, flip in zip(images, self.boxes[rows].tolist(), self.flips[rows].tolist(), strict=True):
            if box != [0, 0, *size]:
                image = F.resized_crop(image, *box, size, antialias=True)
            altered.append(image.flip(-1) if flip else image)
        return torch.stack(altered) if altered else images
