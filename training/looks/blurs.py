"""Blurs, and what they separate: lightness of areas, fine detail, the drawing, flat areas."""

from __future__ import annotations

import cv2
import numpy as np

from .pixels import greyscale


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; a wide one (sigma in pixels) is done on a smaller copy."""
    step = int(sigma // 3)
    if step < 2:
        return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    height, width = image.shape[:2]
    small = cv2.resize(image, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REPLICATE)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def lightness(image: np.ndarray, sigma: float = 0.0, spread: float = 0.25) -> np.ndarray:
    """Lightness with the picture's mean at 0.5 and its deviation at `spread`, in [0, 1]."""
    grey = greyscale(image)
    mean, deviation = float(grey.mean()), max(float(grey.std()), 0.07)
    if sigma > 0:
        grey = blur(grey, sigma)
    return np.clip(0.5 + (grey - mean) * (spread / deviation), 0, 1)


def fine_detail(image: np.ndarray, sigma: float) -> np.ndarray:
    """Fine structure of the lightness, (H, W)."""
    grey = greyscale(image)
    return grey - blur(grey, sigma)


def dodge(image: np.ndarray, sigma: float) -> np.ndarray:
    """Paper-white copy with the drawing left, (H, W): lightness over its blur."""
    grey = greyscale(image)
    return np.clip((grey + 0.05) / (blur(grey, sigma) + 0.05), 0, 1)


def flattened(image: np.ndarray, sigma: float, tolerance: float = 0.12) -> np.ndarray:
    """Smooth within areas and keep edges: the guided filter, twice."""
    for _ in range(2):
        mean = blur(image, sigma)
        variance = np.maximum(blur(image * image, sigma) - mean * mean, 0).mean(-1, keepdims=True)
        kept = blur((variance / (variance + tolerance**2))[..., 0], sigma)[..., None]
        image = mean + kept * (image - mean)
    return image
