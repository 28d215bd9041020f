"""Seasons, weather and light, and the elements."""

from __future__ import annotations

import cv2
import numpy as np

from .blurs import blur, fine_detail, lightness
from .edges import edge_strength, relief, slope
from .family import Family
from .pixels import contrast, greenness, greyscale, mix, ramp, rgb, saturate, screen, smoothstep, warmth
from .places import positions, spot
from .textures import ridges, stretch, texture

LIGHT = Family()


@LIGHT.enter("Winter")
def winter(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Snow on all that is light or looks up; cold air, flakes."""
    tone = lightness(image)
    cold = ramp(tone, "142238 48688c a3bfd8 f4f9ff")
    base = mix(cold, saturate(image, 0.5) * rgb("c8dcff"), 0.35)
    _, up = slope(greyscale(image) / max(float(greyscale(image).std()), 0.07), unit, 1.2)
    leaf = greenness(image)
    snow = smoothstep(tone + 1.5 * up + 0.25 * leaf + 0.08 * texture(noise[..., 0], 0.8 * unit), 0.55, 0.85)
    base = mix(base, rgb("f2f8ff") * (0.86 + 0.14 * tone)[..., None], 0.92 * snow)
    near = smoothstep(texture(noise[..., 1], 0.7 * unit), 1.9, 2.3)
    flake = near + 0.7 * smoothstep(texture(noise[..., 2], unit), 2.2, 2.6)
    return screen(base, 0.95 * flake[..., None] * np.ones(3, np.float32))


@LIGHT.enter("Autumn")
def autumn(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Leaves orange and red, all else in warm low light."""
    tone = lightness(image) * 0.85 + 0.1
    patch = smoothstep(texture(noise[..., 0], 4 * unit) + 5 * (tone - 0.5), -2, 2)
    leaves = mix(
        ramp(tone, "2a0604 8c1408 d83010 ff7a28 ffc890"), ramp(tone, "3a1404 a84408 f08a08 ffc030 fff0a8"), patch
    )
    warm = saturate(image, 1.3) * np.array([1.2, 0.88, 0.5], np.float32) + np.array([0.08, 0.03, 0.0], np.float32)
    return mix(mix(warm, leaves, 0.45), leaves, greenness(image))


@LIGHT.enter("Spring")
def spring(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Fresh light green, pink blossom in the lights."""
    tone = lightness(image, spread=0.22) + 0.5 * fine_detail(image, 2 * unit)
    pink, green = ramp(tone, "6a2850 d8649c ff9cc6 ffd4e6 fff6fa"), ramp(tone, "1c5a1c 58b030 a4e04c d8f8a0 fbffe8")
    fresh = mix(pink, green, np.maximum(smoothstep(-warmth(image), -0.2, 0.6), greenness(image)))
    fresh = mix(fresh, saturate(image, 1.4) * 0.75 + 0.25, 0.25)
    petal = smoothstep(texture(noise[..., 0], 1.1 * unit), 1.9, 2.2)
    return mix(fresh, rgb("ffb4d6") + 0.1 * (tone - 0.5)[..., None], 0.95 * petal)


@LIGHT.enter("Summer")
def summer(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Bright sun from the upper left, vivid colour."""
    vivid = saturate(contrast(image, 1.1), 2.0) * np.array([1.15, 1.08, 0.85], np.float32) + 0.08
    sun = spot(image, 0.1, 0.02, 0.38)[..., None] * rgb("fff0a0")
    return screen(np.clip(vivid, 0, 1), 0.95 * sun + 0.12 * rgb("ffd860"))


@LIGHT.enter("Rain")
def rain(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Grey-blue and wet behind slanting streaks."""
    wet = 0.6 * image + 0.4 * _stretch_image(image, 4 * unit)
    grey = ramp(lightness(wet, spread=0.2), "0f1a26 3a5064 7f97a8 ccdae4")
    base = mix(grey, saturate(wet, 0.5), 0.2)
    streak = smoothstep(stretch(texture(noise[..., 0], 0.35 * unit), 0.28, -0.96, 9 * unit), 0.9, 2.4)
    far = smoothstep(stretch(noise[..., 1], 0.28, -0.96, 4 * unit), 0.8, 2.6)
    return screen(base, (0.75 * streak + 0.35 * far)[..., None] * rgb("dcebf8"))


def _stretch_image(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur downwards only, as water runs."""
    return cv2.GaussianBlur(image, (1, 0), sigmaX=0.1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)


@LIGHT.enter("Fog")
def fog(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Grey-white drifts, thicker above."""
    _, y = positions(image)
    thick = np.clip(0.84 - 0.4 * y + 0.08 * texture(noise[..., 0], 9 * unit), 0, 0.8)
    seen = saturate(0.6 * contrast(image, 1.4) + 0.4 * blur(image, 1.2 * unit), 0.55) * 0.75
    return mix(seen, rgb("d5dade"), thick)


@LIGHT.enter("Night")
def night(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Deep blue dark, warm lamps where it was bright."""
    tone = lightness(image) + 0.4 * fine_detail(image, 2 * unit)
    dark = ramp(tone, "02030c 081230 15285c 2c4684")
    lamp = smoothstep(lightness(image, 0.5 * unit), 0.76, 1.0)
    glow = (0.9 * lamp + 0.6 * blur(lamp, 4 * unit))[..., None] * rgb("ffb84a")
    return screen(mix(dark, image * 0.3, 0.25), glow)


@LIGHT.enter("Moonlight")
def moonlight(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Silver light from a moon in the upper right."""
    moon = spot(image, 0.82, 0.14, 0.32)
    tone = (lightness(image) + 0.25 * relief(image, unit, 0.6) * -1) * (0.4 + 0.75 * moon)
    silver = ramp(tone, "04081a 1f2f52 6c86ac c6d8ee f8fcff")
    disc = smoothstep(spot(image, 0.82, 0.14, 0.07), 0.55, 0.68)
    return screen(silver, (0.3 * moon**2 + 0.95 * disc)[..., None] * rgb("e8f0ff"))


@LIGHT.enter("Golden hour")
def golden_hour(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Low golden sun from the right, long glow."""
    warm = saturate(contrast(image, 1.1), 1.3) * np.array([1.08, 0.76, 0.4], np.float32)
    sun = spot(image, 0.9, 0.3, 0.45)[..., None]
    warm = screen(np.clip(warm, 0, 1), 0.75 * sun * rgb("ffb030"))
    return screen(warm, 0.3 * blur(np.clip(warm, 0, 1), 5 * unit) * rgb("ffc860"))


@LIGHT.enter("Sunrise")
def sunrise(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Pink and peach, mauve shadows."""
    _, y = positions(image)
    tone = lightness(image, spread=0.22)
    light = mix(rgb("ff9ec4"), rgb("ffd0a0"), y)
    toned = ramp(tone, "3c2a5e 9a5590 f093a0 ffc9a8 fff0dc")
    return screen(mix(toned, saturate(image, 1.2) * light, 0.3), 0.4 * light * spot(image, 0.5, 0.95, 0.4)[..., None])


@LIGHT.enter("Storm")
def storm(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Dark teal drama under heavy clouds."""
    _, y = positions(image)
    cloud = texture(noise[..., 0], 9 * unit) + 0.6 * texture(noise[..., 1], 3.5 * unit)
    tone = contrast(lightness(image) + 1.2 * fine_detail(image, 4 * unit), 1.5)
    shade = np.clip(0.62 + 0.35 * y + 0.17 * cloud * (1 - y), 0.2, 1.1)
    return mix(ramp(tone * shade, "02080c 0a323e 1f7078 7cc0b8 e4faec"), saturate(image, 0.7) * 0.6, 0.15)


@LIGHT.enter("Candlelight")
def candlelight(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """One flame below the middle, the rest in brown dark."""
    flame = spot(image, 0.5, 0.62, 0.26)
    tone = (lightness(image) + 0.5 * fine_detail(image, 2 * unit)) * (0.22 + 0.95 * flame)
    lit = ramp(tone, "0a0301 4a1804 b0540c f5a838 ffe9a8")
    return screen(lit, 0.25 * flame[..., None] ** 2 * rgb("ff9020"))


@LIGHT.enter("Underwater")
def underwater(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Turquoise depth with caustic light."""
    _, y = positions(image)
    tone = lightness(image, 0.5 * unit)
    water = ramp(tone * (1.12 - 0.4 * y), "01203c 04587c 08a0b0 5fdcd0 e0fff4")
    net = ridges(noise[..., 0], 3 * unit, 0.3) + 0.7 * ridges(noise[..., 1], 4 * unit, 0.25)
    light = net * (0.25 + 0.75 * tone) * (1 - 0.6 * y)
    return screen(mix(water, image, 0.12), 0.6 * light[..., None] * rgb("b8fff0"))


@LIGHT.enter("Desert")
def desert(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Sand and ochre under a pale hot sky, wind ripples."""
    _, y = positions(image)
    ripple = stretch(texture(noise[..., 0], 0.9 * unit), 0.97, 0.22, 8 * unit)
    tone = np.clip(
        lightness(image, spread=0.22) + 0.04 + 0.7 * fine_detail(image, 3 * unit) + (0.02 + 0.045 * y) * ripple, 0, 1
    )
    sand = ramp(tone, "4a2410 96582a cf9550 edc88a fdeecb")
    return screen(sand, 0.35 * (1 - y)[..., None] ** 2 * rgb("fff0d8"))


@LIGHT.enter("Fire")
def fire(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Flames rise from every light part and edge."""
    _, y = positions(image)
    tongue = stretch(texture(noise[..., 0], 1.1 * unit), 0.12, -0.99, 9 * unit)
    heat = 0.7 * lightness(image) + 0.7 * edge_strength(image, unit, 0.8)
    heat = heat + 0.13 * tongue * (0.4 + heat) + 0.3 * (y - 0.5) * (0.3 + heat)
    return ramp(heat, "060000 4a0400 b01800 f25500 ffae10 fff2a0")


@LIGHT.enter("Ice")
def ice(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Frozen: pale cyan, cracked and glinting."""
    crystal = stretch(texture(noise[..., 0], 1.2 * unit), 0.8, -0.6, 4 * unit)
    dx, dy = slope(crystal, unit)
    facet = np.tanh(4 * (dx + dy))
    shade = relief(image, unit, 1.1)
    tone = 0.5 + 0.9 * (lightness(image, 0.4 * unit) - 0.5) + 0.28 * shade + 0.045 * facet
    frozen = ramp(tone, "06304e 1f80b0 74c8e6 c4f0fa ffffff")
    light = 0.6 * smoothstep(shade, 0.45, 0.9) + 0.2 * ridges(crystal, 0.4 * unit, 0.12)
    return screen(frozen, light[..., None] * np.ones(3, np.float32))
