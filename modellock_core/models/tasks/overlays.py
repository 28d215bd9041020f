"""Masks as pictures: in the colours of their classes, and laid over their image."""

from __future__ import annotations

import torch
from PIL import Image, ImageColor
from torch import Tensor
from torchvision.utils import draw_segmentation_masks

OPACITY = 0.55


def class_colours(count: int) -> list[tuple[int, int, int]]:
    """RGB in [0, 255] of each class, the background black."""
    hues = (round(360 * i / max(1, count - 1)) for i in range(count - 1))
    colours = [ImageColor.getrgb(f"hsl({hue}, 80%, 50%)") for hue in hues]
    return [(0, 0, 0), *((r, g, b) for r, g, b, *_ in colours)]


def mask_picture(mask: Tensor, count: int) -> Image.Image:
    """A mask (H, W) uint8 as a palette image, whose values are still the class indices."""
    picture = Image.fromarray(mask.cpu().numpy())
    picture.putpalette([channel for colour in class_colours(count) for channel in colour])
    return picture


def overlay(image: Tensor, mask: Tensor, count: int) -> Tensor:
    """An image (3, H, W) in [0, 1] with the foreground in its classes' colours, by a mask (H, W) uint8."""
    foreground = torch.arange(1, count, device=mask.device)[:, None, None] == mask
    colours = class_colours(count)[1:]
    drawn: Tensor = draw_segmentation_masks(image.cpu(), foreground.cpu(), alpha=OPACITY, colors=colours)
    return drawn
