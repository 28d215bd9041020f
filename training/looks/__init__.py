"""Looks: the teachers that are classic image filters, at full strength (media, light, weather, materials, colours).

They teach the compact editor; `teachers.py` mixes them with the neural painters.
"""

from __future__ import annotations

import numpy as np

from .colours import COLOURS
from .family import Look
from .light import LIGHT
from .materials import MATERIALS
from .media import MEDIA
from .photo import PHOTO

__all__ = ["LOOKS", "MODIFIERS", "Look", "apply_look"]

LOOKS: dict[str, Look] = {**MEDIA, **PHOTO, **LIGHT, **MATERIALS, **COLOURS}

# looks that people ask for beside a painter: "a Van Gogh at night"
MODIFIERS = (
    "Black and white", "Sepia", "Vintage photo", "Negative", "Contrast level", "Highlights", "Color saturation",
    "White balance", "Winter", "Autumn", "Spring", "Summer", "Rain", "Fog", "Night", "Moonlight", "Golden hour",
    "Sunrise", "Storm", "Candlelight", "Underwater", "Desert", "Fire", "Ice", "Gold", "Silver", "Blue", "Red", "Green",
    "Purple", "Pink", "Yellow", "Teal and orange", "Pastel colours", "Earth tones", "Rainbow colours", "Neon",
    "Cyberpunk",
)  # fmt: skip


def apply_look(name: str, image: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The look's edit of a (H, W, 3) uint8 RGB image, as uint8.

    A look works on float32 in [0, 1]. Its lengths are in units of 1/128 of the picture's short side, so that it keeps
    its size in the picture. `noise` (H, W, 3) is standard normal, made on a one-unit grid: the source of all texture.
    """
    unit = min(image.shape[:2]) / 128
    edited = LOOKS[name](image.astype(np.float32) / 255, unit, noise.astype(np.float32))
    return (np.clip(edited, 0, 1) * 255 + 0.5).astype(np.uint8)
