"""Colours, tones and mixtures, pixel by pixel."""

from __future__ import annotations

import cv2
import numpy as np


def rgb(code: str) -> np.ndarray:
    """The colour of a hex code such as "ffcc00"."""
    return np.array(list(bytes.fromhex(code)), np.float32) / 255


def greyscale(image: np.ndarray) -> np.ndarray:
    """Luma (H, W) of an RGB image."""
    return cv2.cvtColor(image.astype(np.float32, copy=False), cv2.COLOR_RGB2GRAY)


def smoothstep(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: np.ndarray, second: np.ndarray, part: np.ndarray | float) -> np.ndarray:
    """`first` where `part` (H, W) is 0, `second` where it is 1."""
    part = np.asarray(part, np.float32)
    return first + (second - first) * (part[..., None] if part.ndim == 2 else part)


def screen(image: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Add light without clipping."""
    return 1 - (1 - np.clip(image, 0, 1)) * (1 - np.clip(light, 0, 1))


def ramp(grey: np.ndarray, colours: str) -> np.ndarray:
    """Gradient map: dark to the first of the hex codes, light to the last, evenly between."""
    stops = np.stack([rgb(code) for code in colours.split()])
    at = np.linspace(0, len(stops) - 1, 1024)
    table = np.stack([np.interp(at, np.arange(len(stops)), stops[:, k]) for k in range(3)], -1).astype(np.float32)
    return table[(np.clip(grey, 0, 1) * 1023).astype(np.int32)]


def saturate(image: np.ndarray, by: float) -> np.ndarray:
    """Every colour `by` times as far from its grey."""
    grey = greyscale(image)[..., None]
    return grey + (image - grey) * by


def more_vivid(image: np.ndarray, by: float) -> np.ndarray:
    """More saturation where there is some; greys stay grey."""
    colour = image - greyscale(image)[..., None]
    strength = np.abs(colour).max(-1, keepdims=True)
    return image + (by - 1) * smoothstep(strength, 0.03, 0.12) * colour


def contrast(image: np.ndarray, by: float) -> np.ndarray:
    """S-curve in [0, 1], of slope `by` in the middle."""
    curve = np.tanh((np.clip(image, 0, 1) - 0.5) * 2 * by) / float(np.tanh(by))
    return np.clip(0.5 + 0.5 * curve, 0, 1)


def warmth(image: np.ndarray) -> np.ndarray:
    """From -1 (cooler than the rest of the picture) to 1 (warmer), (H, W)."""
    difference = image[..., 0] - image[..., 2]
    return np.tanh((difference - difference.mean()) / max(float(difference.std()), 0.12))


def greenness(image: np.ndarray) -> np.ndarray:
    """How green a pixel is (H, W), 0 to 1: leaves and grass."""
    red, green, blue = np.moveaxis(image, -1, 0)
    return smoothstep((green - 0.5 * red - 0.5 * blue) / (image.mean(-1) + 0.08), 0.0, 0.22)


def blueness(image: np.ndarray) -> np.ndarray:
    """How blue a pixel is (H, W), 0 to 1."""
    red, green, blue = np.moveaxis(image, -1, 0)
    return smoothstep((blue - 0.6 * red - 0.4 * green) / (image.mean(-1) + 0.08), 0.0, 0.25)
