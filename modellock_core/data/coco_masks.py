"""The mask of an image from its instances in COCO's form; what is no shape is refused, never guessed.

Called by `coco_source.py` for each image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from .targets import IGNORE

OUTSIDE = 1  # image sides; shapes that reach so far beyond their image are another's


def class_mask(annotations: list[dict[str, Any]], index: dict[int, int], size: tuple[int, int]) -> Image.Image:
    """The class of every pixel of an image (width, height), from its instances' polygons and run lengths.

    Raises:
        ValueError, LookupError, TypeError, AttributeError, OverflowError: an annotation is damaged.
    """
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for annotation in sorted(annotations, key=lambda a: (not a.get("iscrowd"), -_area(a))):
        shape, category = annotation["segmentation"], annotation["category_id"]
        if category not in index:
            raise ValueError(f"the category {category!r} is used and not listed")
        value = IGNORE if annotation.get("iscrowd") else index[category]
        if isinstance(shape, list):  # an empty one is an instance of which only the box is known
            for polygon in shape:
                draw.polygon(_polygon(polygon, size), fill=value)
        elif isinstance(shape["counts"], list):
            mask.paste(value, mask=_run_lengths(shape, size))
        else:  # compressed: its box says where
            left, top, width, height = annotation["bbox"]
            draw.rectangle(_within([left, top, left + width, top + height], size), fill=IGNORE)
    return mask


def _area(annotation: dict[str, Any]) -> float:
    area = float(annotation.get("area", 0))
    if not math.isfinite(area):
        raise ValueError(f"an area of {area}")
    return area


def _polygon(numbers: Any, size: tuple[int, int]) -> list[float]:
    """A polygon as x, y, x, y and so on; two points make a line."""
    if not isinstance(numbers, list) or not numbers or len(numbers) % 2:
        raise ValueError("a polygon that is no list of x, y, x, y and so on")
    return _within(numbers, size)


def _within(numbers: Sequence[Any], size: tuple[int, int]) -> list[float]:
    """Coordinates x, y, x, y and so on, in or near an image; Pillow draws anything at all, if need be wrongly."""
    for number, side in zip(numbers, size * (len(numbers) // 2), strict=True):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"a {type(number).__name__} for a coordinate")
        if not -OUTSIDE * side <= number <= (1 + OUTSIDE) * side:  # nor is NaN
            far = f"{number:g}" if isinstance(number, float) and not math.isfinite(number) else "a point"
            raise ValueError(f"{far} far outside its image of {size[0]}x{size[1]} px")
    return list(numbers)


def _run_lengths(shape: dict[str, Any], size: tuple[int, int]) -> Image.Image:
    """A mask from the lengths of its runs of 0 and 1 in turn, column by column."""
    width, height = size
    counts = shape["counts"]
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError("run lengths that are no whole numbers")
    if sum(counts) != width * height or shape.get("size", [height, width]) != [height, width]:
        raise ValueError("run lengths of another size than their image")
    flat = np.repeat(np.arange(len(counts)) % 2, counts)
    return Image.fromarray((255 * flat.reshape(width, height).T).astype(np.uint8))
