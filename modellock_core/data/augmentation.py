"""Augmentation: the training images once more, each cropped, flipped and recoloured before it is edited.

Images are altered and not their edits: a flipped edit is not one the editor makes. It is strong, since a model has to
learn from few images what an edit looks like on any image.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from .dataset import Split
from .image_sets import ChosenImages

AREAS = (0.5, 1.0)  # fractions of the image's area that a crop keeps
RATIOS = (0.8, 1.25)  # width to height of the crop
TONE_RANGE = 0.3  # of the factors around 1 for brightness, contrast and saturation
HUE_RANGE = 0.08  # of turns of the hue


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
    tones = torch.tensor([1.0, 1.0, 1.0, 0.0]).repeat(len(rows), 1)
    around = 2 * torch.rand(count * copies, 4, generator=generator) - 1
    tones[count:] += around * torch.tensor([TONE_RANGE, TONE_RANGE, TONE_RANGE, HUE_RANGE])
    targets = split.targets[rows].cropped(boxes).flipped(flips)
    return Split(AugmentedImages(split.images, rows, boxes, flips, tones), targets)


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
    """Chosen images, cropped, flipped and recoloured (color jitter, arXiv 2002.05709, appendix A).

    Attributes:
        boxes: (M, 4) what is kept: top, left, height and width in px; it is resized to the source's size.
        flips: (M,) bool, flipped from left to right.
        tones: (M, 4) factors of brightness, contrast and saturation, and by how many turns the hue is shifted.
    """

    boxes: Tensor
    flips: Tensor
    tones: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        images, size = super().__getitem__(rows), list(self.shape[1:])
        altered = []
        changes = (change[rows].tolist() for change in (self.boxes, self.flips, self.tones))
        for image, box, flip, tones in zip(images, *changes, strict=True):
            if box != [0, 0, *size]:
                image = F.resized_crop(image, *box, size, antialias=True)
            image = image.flip(-1) if flip else image
            altered.append(_recoloured(image, *tones) if tones != [1, 1, 1, 0] else image)
        return torch.stack(altered) if altered else images


def _recoloured(image: Tensor, brightness: float, contrast: float, saturation: float, hue: float) -> Tensor:
    image = F.adjust_contrast(F.adjust_brightness(image, brightness), contrast)
    return F.adjust_hue(F.adjust_saturation(image, saturation), hue)
