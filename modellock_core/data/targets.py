"""What is to be found in images: a class for each, or a mask; each kind knows how it is cropped and flipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

IGNORE = 255  # in a mask: a pixel that is ignored, as in Pascal VOC

Self = TypeVar("Self", bound="Targets")


class Targets(Protocol):
    """Targets of N images.

    Attributes:
        values: (N, ...) class indices, as losses and metrics take them.
    """

    @property
    def values(self) -> Tensor: ...

    def __len__(self) -> int: ...

    def __getitem__(self: Self, rows: Tensor | slice) -> Self:
        """The targets of these rows."""
        ...

    def cropped(self: Self, boxes: Tensor) -> Self:
        """The targets of images that are cropped to boxes (N, 4), top, left, height and width in px, and resized."""
        ...

    def flipped(self: Self, flips: Tensor) -> Self:
        """The targets of images that are flipped from left to right where `flips` (N,) says so."""
        ...

    def strata(self) -> Tensor:
        """A class index for each image (N,), to draw evenly from the classes."""
        ...


@dataclass(frozen=True)
class ClassLabels:
    """One class per image; a crop or a flip doesn't change it.

    Attributes:
        values: (N,) int64 class indices.
    """

    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Tensor | slice) -> ClassLabels:
        return ClassLabels(self.values[rows])

    def cropped(self, boxes: Tensor) -> ClassLabels:
        """The same labels."""
        return self

    def flipped(self, flips: Tensor) -> ClassLabels:
        """The same labels."""
        return self

    def strata(self) -> Tensor:
        """The labels."""
        return self.values


@dataclass(frozen=True)
class Masks:
    """One class per pixel; 0 is the background.

    Attributes:
        values: (N, H, W) uint8 class indices, `IGNORE` where a pixel is ignored.
    """

    values: Tensor

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Tensor | slice) -> Masks:
        return Masks(self.values[rows])

    def cropped(self, boxes: Tensor) -> Masks:
        """The masks cropped and resized, each pixel a class as before."""
        size = list(self.values.shape[1:])
        nearest = F.InterpolationMode.NEAREST_EXACT  # takes pixel centres, as the image does
        pairs = zip(self.values[:, None], boxes.tolist(), strict=True)
        return Masks(torch.cat([F.resized_crop(mask, *box, size, nearest) for mask, box in pairs]))

    def flipped(self, flips: Tensor) -> Masks:
        """The masks, flipped where their images are."""
        return Masks(torch.where(flips[:, None, None], self.values.flip(-1), self.values))

    def strata(self) -> Tensor:
        """Of each mask the most common class but the background."""
        things = [mask[(mask > 0) & (mask < IGNORE)].long().bincount(minlength=1) for mask in self.values]
        return torch.stack([counts.argmax() for counts in things])
