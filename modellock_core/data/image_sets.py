"""Images by the row: stored, chosen from others, or made when they are asked for.

The augmented and the edited images of a lock are such sets too, so that none of them ever lies in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class ImageSet(Protocol):
    """N images of one size.

    Attributes:
        shape: (3, H, W).
    """

    @property
    def shape(self) -> tuple[int, int, int]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        """The images of these rows: (n, 3, H, W) float32 RGB in [0, 1]."""
        ...


@dataclass(frozen=True)
class StoredImages:
    """Images that lie in memory, or in a file that is mapped into it.

    Attributes:
        pixels: (N, 3, H, W) uint8.
    """

    pixels: Tensor

    @classmethod
    def of(cls, images: Tensor) -> StoredImages:
        """Store images (N, 3, H, W) in [0, 1], rounded to grey levels."""
        return cls((images * 255).round().clamp(0, 255).byte())

    @property
    def shape(self) -> tuple[int, int, int]:
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        return self.pixels[rows].float() / 255


@dataclass(frozen=True)
class ChosenImages:
    """Some rows of other images, or some of them several times.

    Attributes:
        source: N images.
        rows: (M,) int64, which of them.
    """

    source: ImageSet
    rows: Tensor

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.source.shape

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        return self.source[self.rows[rows]]


@dataclass(frozen=True)
class ChangedWhenRead:
    """As many images as others, and as large; what is asked for is changed then, by `__getitem__` of a subclass.

    Attributes:
        source: N images.
    """

    source: ImageSet

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.source.shape

    def __len__(self) -> int:
        return len(self.source)


def batches(images: ImageSet, size: int) -> Iterator[Tensor]:
    """All images, `size` at a time: (n, 3, H, W) float32 in [0, 1]."""
    for rows in torch.arange(len(images)).split(size):
        if len(rows):
            yield images[rows]
