"""Moods of one colour, two or more."""

from __future__ import annotations

import numpy as np

from .blurs import fine_detail, lightness
from .family import Family, Look
from .pixels import mix, ramp, smoothstep, warmth
from .places import positions

COLOURS = Family()


def _graded(colours: str, spread: float = 0.25, detail: float = 0.35) -> Look:
    """A look that maps the lightness, fine detail raised, to a gradient."""

    def look(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
        return ramp(lightness(image, spread=spread) + detail * fine_detail(image, 2 * unit), colours)

    return look


COLOURS |= {
    "Blue": _graded("030a38 0c3cb4 3f8cf0 a8d4ff f4faff"),
    "Red": _graded("1c0004 8a0512 e01f26 ff8a7c fff0ea"),
    "Green": _graded("021a08 0a5c22 2faa3c 9fe08a f6ffe8"),
    "Purple": _graded("12032e 4a128c 8f3fd8 cf9cf5 faf0ff"),
    "Pink": _graded("4a0430 c81878 ff5cae ffaed6 fff2f8", spread=0.22),
    "Yellow": _graded("3a2200 b07a00 f5c400 ffe95c fffde0", spread=0.22),
}


@COLOURS.enter("Teal and orange")
def teal_and_orange(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Cinema colours: warm parts orange, cool parts and shadows teal."""
    tone = lightness(image) + 0.4 * fine_detail(image, 2 * unit)
    warm = smoothstep(warmth(image) + 1.2 * (tone - 0.5), -0.45, 0.45)
    return mix(ramp(tone, "021a20 066070 1ea4ac a4e4e0"), ramp(tone, "341204 b04a10 f8923a ffe4bc"), warm)


@COLOURS.enter("Pastel colours")
def pastel_colours(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Candy: light pink, mint, lilac and lemon."""
    x, y = positions(image)
    tone = lightness(image) + 0.6 * fine_detail(image, 2 * unit)
    pink, mint = ramp(tone, "b48ad8 ff9ec8 ffd0e0 fff6fa"), ramp(tone, "8aa4e0 8ce0d4 c4f5dc fbfff0")
    return mix(pink, mint, smoothstep(-1.1 * warmth(image) + 0.8 * (x - y), -0.6, 0.6))


@COLOURS.enter("Earth tones")
def earth_tones(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Umber, terracotta, ochre, olive and cream."""
    tone = lightness(image, spread=0.23) + 0.4 * fine_detail(image, 2 * unit)
    warm = smoothstep(warmth(image), -0.5, 0.5)
    return mix(ramp(tone, "1e1c12 4c4a28 868253 c4bc8e f2ead2"), ramp(tone, "2a120a 7a3418 b8683a dca870 f6e6cc"), warm)


@COLOURS.enter("Rainbow colours")
def rainbow_colours(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """The whole spectrum once across the picture, shifted by the lightness."""
    x, y = positions(image)
    tone = lightness(image) + 0.6 * fine_detail(image, 2 * unit)
    hue = np.clip(0.62 * x + 0.22 * y + 0.2 * (tone - 0.2), 0, 1)
    colour = ramp(hue, "ff1838 ff8a00 ffe600 28d038 00c8e8 2850ff 9a28f0 ff28b4")
    dark = np.clip(tone * 2.1 + 0.08, 0, 1)[..., None]
    return mix(colour * dark, np.ones(3, np.float32), 0.75 * smoothstep(tone, 0.6, 1.0))
