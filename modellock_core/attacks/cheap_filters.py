"""Classic image filters on clean images: does any of them look enough like the key's edit?"""

from __future__ import annotations

from collections.abc import Callable, Generator

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from ..evaluation import performance_in_steps
from ..progress import Progress, reported
from .setting import Budget, Finding, Target


def _on_bytes(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A filter of images in [0, 1] from one of 8-bit images."""
    return lambda images: change((images * 255).round().byte()).float() / 255


def _texture(images: Tensor) -> Tensor:
    """Fine lines: a thief who has read that the compact editor leaves a texture tries one of his own."""
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
    "fine lines": _texture,
    "style augmentation (RandAugment)": _on_bytes(lambda x: torch.stack([v2.RandAugment(2, 14)(i) for i in x])),
}


def cheap_filters(target: Target, budget: Budget) -> Generator[Progress, None, list[Finding]]:
    """The metric on clean test images after each filter."""
    test, findings = target.dataset.test.subset(budget.test_images), []
    for i, (name, change) in enumerate(FILTERS.items()):
        torch.manual_seed(0)
        opening = performance_in_steps(target.locked, change(test.images), test.labels)
        accuracy = yield from reported(opening, "Filtering clean images", i, len(FILTERS))
        findings.append(Finding("cheap filter", name, "nothing", "a filter an image", accuracy, *target.reference()))
    return findings
