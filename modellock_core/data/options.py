"""What a caller may choose about any dataset that he loads; every source is given the same options."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ModelLockError
from ..randomness import check_seed

TASKS = ("classification", "segmentation")  # what datasets have targets for, and models are made for
IMAGE_SIZE, MAX_IMAGE_SIZE = 128, 1024  # px
FITS = ("crop", "squash")
MASK_STRIDE = 32  # px; what models for segmentation divide an image's side by


@dataclass(frozen=True)
class LoadOptions:
    """How a dataset is read.

    Attributes:
        task: "classification" or "segmentation".
        size: side in px; images are cropped to their centre square and resized.
        seed: chooses the images that are held out for testing where the source has no test split.
        test_fraction: how much of each class is held out then.
        fit: "crop" takes an image's centre square, "squash" the whole of it in another shape.
        image_column, label_column: of a table; None finds them by their types.

    Raises:
        ModelLockError: a number is out of range.
    """

    task: str = "classification"
    size: int = IMAGE_SIZE
    seed: int = 0
    test_fraction: float = 0.25
    image_column: str | None = None
    label_column: str | None = None
    fit: str = "crop"

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_IMAGE_SIZE:
            raise ModelLockError(f"the image size is {self.size} px; it must lie between 1 and {MAX_IMAGE_SIZE}")
        if self.task == "segmentation" and self.size % MASK_STRIDE:
            raise ModelLockError(
                f"the image size is {self.size} px; for segmentation it must be a multiple of {MASK_STRIDE}"
            )
        check_seed(self.seed)
        if self.fit not in FITS:
            raise ModelLockError(f"images can't be fitted by {self.fit!r}; use {' or '.join(FITS)}")
        if not 0 < self.test_fraction < 1:
            raise ModelLockError(f"the test fraction is {self.test_fraction}; it must lie between 0 and 1")
