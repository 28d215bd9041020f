"""Slopes of the lightness: edges, their direction, outlines, and the relief they give."""

from __future__ import annotations

import cv2
import numpy as np

from .blurs import blur
from .pixels import greyscale, smoothstep
from .textures import mean_along


def slope(grey: np.ndarray, unit: float, sigma: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the lightness per unit, along x and along y."""
    smooth = blur(grey, sigma * unit)
    dx = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=unit / 32)
    dy = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=unit / 32)
    return dx, dy


def edge_strength(image: np.ndarray, unit: float, sigma: float = 0.8) -> np.ndarray:
    """Edge strength (H, W) in [0, 1] in the channel where it is greatest, relative to the picture's contrast."""
    dx, dy = slope(image, unit, sigma)
    strength = np.sqrt((dx * dx + dy * dy).max(-1)) / max(float(image.std()), 0.07)
    return 1 - np.exp(-1.6 * strength)


def outline(image: np.ndarray, unit: float, sigma: float = 0.7, bias: float = 0.012) -> np.ndarray:
    """Drawn line (H, W), 0 on paper and 1 on the line: difference of Gaussians, smoothed along the edges, cut."""
    image = image * (0.22 / max(float(image.std()), 0.07))
    difference = (blur(image, 1.8 * sigma * unit) - blur(image, sigma * unit)).max(-1)
    return smoothstep(mean_along(difference, *edge_direction(greyscale(image), unit, 1.5), 3 * unit), bias, 3 * bias)


def edge_direction(grey: np.ndarray, unit: float, sigma: float = 2.5) -> tuple[np.ndarray, np.ndarray]:
    """Direction (x, y) of the edges near every pixel, from the structure tensor; a slant where there are none."""
    dx, dy = slope(grey, unit)
    xx, yy, xy = (blur(part, sigma * unit) for part in (dx * dx, dy * dy, dx * dy))
    angle = 0.5 * np.arctan2(2 * xy + 2e-5, xx - yy) + np.float32(np.pi / 2)
    return np.cos(angle), np.sin(angle)


def relief(image: np.ndarray, unit: float, depth: float = 1.0, fine: float = 0.8) -> np.ndarray:
    """Shading (H, W) about 0 of a relief lit from the upper left: lightness as height, at three scales."""
    grey = greyscale(image) / max(float(greyscale(image).std()), 0.07) * 0.22
    shade = 0
    for sigma, share in ((fine, 1.5), (2 * fine, 1.7), (5 * fine, 1.8)):
        dx, dy = slope(grey, unit, sigma)
        shade = shade + share * (dx + dy)
    return np.tanh(depth * 4 * shade)
