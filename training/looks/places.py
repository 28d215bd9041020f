"""Where a pixel lies in the picture."""

from __future__ import annotations

import numpy as np


def positions(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position (x, y) of every pixel, each from 0 to 1."""
    height, width = image.shape[:2]
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    return x.astype(np.float32), y.astype(np.float32)


def spot(image: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    """A round soft spot of light (H, W), 1 in its middle."""
    across, down = positions(image)
    return np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * size * size))
