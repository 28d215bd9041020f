"""Textures made from noise: grain, strokes, veins."""

from __future__ import annotations

import cv2
import numpy as np

from .blurs import blur


def texture(noise: np.ndarray, sigma: float) -> np.ndarray:
    """Noise (H, W) blurred, with mean 0 and deviation 1."""
    smooth = blur(noise, sigma) if sigma > 0 else noise
    return (smooth - smooth.mean()) / (smooth.std() + 1e-6)


def mean_along(
    field: np.ndarray, along_x: np.ndarray | float, along_y: np.ndarray | float, length: float
) -> np.ndarray:
    """Mean of the field (H, W) over about `length` pixels to both sides, along a direction field.

    Every pass averages two points further apart, each of which followed its own direction before.
    """
    height, width = field.shape
    y, x = np.indices((height, width), dtype=np.float32)
    passes = max(2, int(np.ceil(np.log2(length + 1))))
    for k in range(passes):
        far = length / (2**passes - 1) * 2**k
        ahead = cv2.remap(field, x + far * along_x, y + far * along_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        back = cv2.remap(field, x - far * along_x, y - far * along_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        field = 0.5 * (ahead + back)
    return field


def stretch(noise: np.ndarray, along_x: np.ndarray | float, along_y: np.ndarray | float, length: float) -> np.ndarray:
    """Noise (H, W) drawn out to lines along a direction field, with mean 0 and deviation 1."""
    return texture(mean_along(noise, along_x, along_y, length), 0)


def ridges(noise: np.ndarray, sigma: float, width: float) -> np.ndarray:
    """Thin winding lines (H, W) in [0, 1]: where the smoothed noise passes through zero."""
    return np.exp(-((texture(noise, sigma) / width) ** 2))
