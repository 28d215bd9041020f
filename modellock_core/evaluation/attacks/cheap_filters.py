"""Classic image filters on clean images: does any of them look enough like the key's edit?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from ...data.image_sets import StoredImages
from ...randomness import global_seed
from ...work import Steps, part_of
from ..performance import performance
from .setting import Budget, Finding, Target


def _on_bytes(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A filter of images in [0, 1] from one of 8-bit images."""
    return lambda images: change((images * 255).round().byte()).float() / 255


def _fine_lines(images: Tensor) -> Tensor:
    """Every second column lighter: the least that looks like an edit."""
    lines = 1 - 2.0 * (torch.arange(images.shape[-1]) % 2)
    return (images + 0.03 * lines).clamp(0, 1)


FILTERS: dict[str, Callable[[Tensor], Tensor]] = {
    "blur": lambda x: F.gaussian_blur(x, [5, 5], [1.2, 1.2]),
    "strong blur": lambda x: F.gaussian_blur(x, [9, 9], [2.5, 2.5]),
    "sharpen": lambda x: F.adjust_sharpness(x, 4.0),
    "more contrast": lambda x: F.adjust_contrast(x, 1.8),
    "less contrast": lambda x: F.adjust_contrast(x, 0.5),
    "brighter": lambda x: F.adjust_brightness(x, 1.4),
    "more colour": lambda x: F.adjust_saturation(x, 2.0),
    "grey": lambda x: F.rgb_to_grayscale(x, 3),
    "hue shift": lambda x: F.adjust_hue(x, 0.15),
    "gamma": lambda x: F.adjust_gamma(x, 0.6),
    "JPEG 20": _on_bytes(lambda x: torch.stack([F.jpeg(image, 20) for image in x])),
    "posterise": _on_bytes(lambda x: F.posterize(x, 2)),
    "solarise": lambda x: F.solarize(x, 0.5),
    "invert": F.invert,
    "equalise": _on_bytes(F.equalize),
    "noise": lambda x: F.gaussian_noise(x, sigma=0.08),
    "half the size": lambda x: F.resize(F.resize(x, [x.shape[-1] // 2] * 2), list(x.shape[-2:])),
    "fine lines": _fine_lines,
    "style augmentation (RandAugment)": _on_bytes(lambda x: torch.stack([v2.RandAugment(2, 14)(i) for i in x])),
}


def cheap_filters(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The metric on clean test images after each filter."""
    test, findings, stage = target.dataset.test.subset(budget.test_images), [], "Filtering clean images"
    images = test.images[:]
    for i, (name, change) in enumerate(FILTERS.items()):
        with global_seed(0):  # some filters draw from the global generator
            filtered = StoredImages.of(change(images))
        testing = performance(target.locked, filtered, test.targets)
        score = yield from part_of(testing, stage, i, len(FILTERS))
        findings.append(
            Finding(
                attack="cheap filter",
                variant=name,
                knows="nothing",
                cost="one filter",
                score=score,
                **target.reference(),
            )
        )
    return findings
