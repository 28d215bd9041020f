"""Photographs: what is adjusted in one, and what films, cameras and printing make of it."""

from __future__ import annotations

import cv2
import numpy as np

from .blurs import blur, fine_detail, flattened, lightness
from .edges import edge_strength, outline
from .family import Family
from .pixels import blueness, contrast, greenness, greyscale, mix, ramp, rgb, saturate, screen, smoothstep, warmth
from .places import positions, spot
from .textures import texture

PHOTO = Family()


@PHOTO.enter("Contrast level")
def contrast_level(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Strong contrast about the mean."""
    return image.mean() + (image - image.mean()) * 2.0


@PHOTO.enter("Highlights")
def highlights(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """The light parts shine."""
    lit = image + 0.55 * smoothstep(greyscale(image), 0.2, 0.9)[..., None] * (0.35 + image)
    return screen(lit, 0.35 * blur(np.clip(lit - 0.75, 0, 1), 3 * unit))


@PHOTO.enter("Sharpness")
def sharpness(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Unsharp mask."""
    return image + 2.4 * fine_detail(image, 1.4 * unit)[..., None]


@PHOTO.enter("Color saturation")
def color_saturation(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Colours as strong as they get."""
    return saturate(image, 2.6)


@PHOTO.enter("White balance")
def white_balance(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Warm light."""
    return image * np.array([1.22, 1.0, 0.64], np.float32) + np.array([0.05, 0.01, 0.0], np.float32)


@PHOTO.enter("Black and white")
def black_and_white(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Neutral full-range grey."""
    return np.repeat(lightness(image, spread=0.24)[..., None], 3, -1)


@PHOTO.enter("Sepia")
def sepia(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Brown print."""
    return ramp(lightness(image, spread=0.22), "1e0d03 5c3716 a8763f e2bd86 fff3da")


@PHOTO.enter("Vintage photo")
def vintage_photo(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """A faded colour print of the seventies: milky warm blacks, yellow lights, dark corners, stains."""
    faded = np.clip(saturate(contrast(image, 1.0), 0.8), 0, 1) * np.array([0.78, 0.72, 0.5], np.float32)
    faded = faded + np.array([0.22, 0.13, 0.13], np.float32)
    leak = spot(image, 1.0, 0.3, 0.3)[..., None] * rgb("ff6a20") * 0.5
    stain = 1 + 0.04 * texture(noise[..., 0], 7 * unit) + 0.02 * texture(noise[..., 1], 0.3 * unit)
    corner = 0.35 + 0.72 * spot(image, 0.5, 0.5, 0.4) ** 0.7
    return screen(faded * stain[..., None], leak) * corner[..., None]


@PHOTO.enter("Negative")
def negative(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Light for dark and every colour for its opposite."""
    return 1 - image


@PHOTO.enter("Infrared")
def infrared(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """White leaves, near-black blue sky, pink-tinted glow."""
    leaf, sky = greenness(image), blueness(image)
    tone = np.clip(lightness(image) * (1 - 0.75 * sky) + leaf * 0.45 * (0.4 + lightness(image)), 0, 1)
    tone = screen(contrast(tone, 1.3), 0.3 * blur(np.clip(tone - 0.6, 0, 1), 3 * unit))
    return ramp(tone, "08060f 2a1a38 8c4a70 efb3c2 fff4f2")


@PHOTO.enter("Thermal camera")
def thermal_camera(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """False colours from cold blue to white heat."""
    return ramp(lightness(image, 1.1 * unit), "00002c 2a00a8 a0008c f01e3c ff7a00 ffd800 fffff0")


@PHOTO.enter("Night vision")
def night_vision(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Green, grainy, glowing, seen through a tube."""
    tone = lightness(image, 0.4 * unit) + 0.035 * texture(noise[..., 0], 0)
    tone = tone + 0.5 * blur(np.clip(tone - 0.6, 0, 1), 3 * unit)
    tube = 0.12 + 0.88 * smoothstep(-(1 - spot(image, 0.5, 0.5, 0.36)), -0.9, -0.35)
    return ramp(tone * tube, "000a02 064a10 1cae2c 7dff6a eaffd8")


@PHOTO.enter("X-ray")
def x_ray(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Light shapes with bright rims on blue-black film."""
    body = 0.55 * (1 - lightness(image, 0.6 * unit)) ** 1.3
    rim = edge_strength(image, unit, 0.9)
    return ramp(body + 0.6 * rim + 0.15 * blur(rim, 4 * unit), "01040a 0b2434 3f7d92 b5e4ec ffffff")


@PHOTO.enter("Cyberpunk")
def cyberpunk(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Violet night city light: magenta on one side, cyan on the other."""
    x, _ = positions(image)
    tone = contrast(lightness(image) + 0.5 * fine_detail(image, 2 * unit), 1.2) * 0.9
    side = smoothstep(x + 0.22 * warmth(image) * -1, 0.15, 0.85)
    toned = mix(ramp(tone, "0a0220 4a0a78 f0129a ff9ae0"), ramp(tone, "050424 1b1a8c 06b4e8 c4fdff"), side)
    rim = edge_strength(image, unit, 0.8)
    light = mix(rgb("ff2bd0"), rgb("20f0ff"), side)
    return screen(toned, light * (0.5 * rim + 0.4 * blur(rim, 3 * unit))[..., None])


@PHOTO.enter("Neon")
def neon(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Glowing coloured tubes along the edges on black."""
    edge = smoothstep(edge_strength(image, unit, 0.9), 0.22, 0.75)
    x, y = positions(image)
    hue = (200 + 130 * x + 90 * y + 70 * warmth(blur(image, 3 * unit))) % 360
    colour = cv2.cvtColor(np.stack([hue, np.ones_like(hue), np.ones_like(hue)], -1), cv2.COLOR_HSV2RGB)
    tube = colour * edge[..., None]
    glow = blur(tube, 2.2 * unit) * 0.9 + blur(tube, 6 * unit) * 0.7
    return screen(screen(glow, tube * 0.9), 0.7 * smoothstep(edge, 0.7, 1.0)[..., None] * np.ones(3, np.float32))


@PHOTO.enter("Pop Art")
def pop_art(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Silk-screen: four flat loud inks, black drawing."""
    flat = flattened(image, 1.8 * unit)
    tone, cool = lightness(flat, spread=0.27), smoothstep(-warmth(flat), 0.0, 0.25)
    light = mix(rgb("ffe400"), rgb("ff8ac8"), cool)
    middle = mix(rgb("ff1e8c"), rgb("00aeef"), cool)
    picture = mix(middle, light, smoothstep(tone, 0.5, 0.55))
    picture = mix(rgb("3a0ca3"), picture, smoothstep(tone, 0.3, 0.35))
    return mix(picture, rgb("0a0014"), np.maximum(smoothstep(-tone, -0.15, -0.1), outline(image, unit, 0.8, 0.009)))


@PHOTO.enter("Duotone")
def duotone(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Two inks: violet-blue and orange."""
    return ramp(contrast(lightness(image), 1.2), "1d0f8a ff7a3d ffd9a0") * 0.97


@PHOTO.enter("Solarized")
def solarized(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Tones turned over at the middle, colours metallic."""
    tone = lightness(image)[..., None]
    colour = np.clip(tone + 0.7 * (image - greyscale(image)[..., None]), 0, 1)
    return contrast(1 - np.abs(2 * colour - np.array([1.0, 0.85, 0.7], np.float32)) ** 1.2, 1.2)


@PHOTO.enter("Soft focus")
def soft_focus(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Dreamy bright bloom."""
    bloom = 0.6 * blur(image, 2.5 * unit) + 0.4 * blur(image, 8 * unit)
    soft = 0.6 * contrast(saturate(image, 1.2), 1.2) + 0.4 * blur(image, 1.6 * unit)
    return screen(soft * 0.9, bloom * 0.75 * rgb("ffe6ee")) * 0.94 + 0.06


@PHOTO.enter("Film noir")
def film_noir(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Hard light from one side, deep blacks, grain."""
    tone = contrast(lightness(image, spread=0.24) + 0.08 + 0.8 * fine_detail(image, 4 * unit), 1.9)
    lamp = 0.1 + 1.15 * spot(image, 0.42, 0.42, 0.33)
    return ramp(tone * lamp + 0.02 * texture(noise[..., 0], 0), "020203 3c3d42 b9bbc0 ffffff")


@PHOTO.enter("Cross-processed")
def cross_processed(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Slide film in the wrong bath: yellow-green lights, blue shadows."""
    red, green, blue = np.moveaxis(contrast(image, 1.3), -1, 0)
    mixed = np.stack([red**1.15 * 1.05, 0.06 + green**0.8, 0.3 + 0.32 * blue], -1)
    return saturate(mixed, 1.35)


@PHOTO.enter("HDR")
def hdr(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Every detail raised, light and dark brought together, rich colour."""
    grey = greyscale(image)
    wide, fine = blur(grey, 9 * unit), blur(grey, 2 * unit)
    level = 0.5 + 0.35 * (wide - 0.5) + 1.5 * (fine - wide) + 2.0 * (grey - fine)
    return saturate(image + (level - grey)[..., None], 1.7)
