"""Materials that all is made of."""

from __future__ import annotations

import numpy as np

from .blurs import blur, lightness
from .edges import edge_strength, relief
from .family import Family
from .pixels import mix, ramp, rgb, screen, smoothstep
from .textures import ridges, stretch, texture

MATERIALS = Family()


def _metal(image: np.ndarray, unit: float) -> np.ndarray:
    """Polished relief (H, W): bright and dark reflections follow the slope."""
    shade = relief(image, unit, 0.9)
    body = 0.42 + 0.42 * (lightness(image, 0.4 * unit) - 0.5) + 0.36 * shade
    mirror = 0.1 * np.sin(7 * shade + 3 * lightness(image, 1.5 * unit))
    return body + mirror + 0.35 * smoothstep(shade, 0.5, 0.95)


@MATERIALS.enter("Gold")
def gold(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Polished gold."""
    return ramp(_metal(image, unit), "2a1200 7a4300 c8860a f2bf30 ffe98a fffbe6")


@MATERIALS.enter("Silver")
def silver(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Polished silver."""
    return ramp(_metal(image, unit), "0c0f14 3c434d 868f9a c2c9d1 f0f4f8 ffffff")


@MATERIALS.enter("Bronze")
def bronze(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Old bronze with green patina in the hollows."""
    metal = _metal(image, unit)
    hollow = smoothstep(-lightness(image, 1.5 * unit) + 0.05 * texture(noise[..., 0], 2.5 * unit), -0.58, -0.22)
    body = ramp(metal, "1c0c04 55290e 96551f cf8c48 f7cf94")
    patina = ramp(metal + 0.08 + 0.02 * texture(noise[..., 1], 0.6 * unit), "0c2a26 2c7464 6cb89c c4ecd4")
    return mix(body, patina, 0.9 * hollow)


@MATERIALS.enter("Marble")
def marble(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """White carved marble with grey veins."""
    drawn = stretch(texture(noise[..., 0], 6 * unit), 0.6, 0.8, 12 * unit)
    vein = 0.6 * ridges(drawn, 0.5 * unit, 0.1) + 0.5 * ridges(drawn, 0.8 * unit, 0.45)
    vein = vein * smoothstep(texture(noise[..., 1], 8 * unit), -1.2, 1.5)
    shade = 0.66 + 0.42 * relief(image, unit, 0.9) + 0.34 * (lightness(image, 0.5 * unit) - 0.5)
    return mix(ramp(shade, "3a3c46 85888f c8c9cb f2f0ec ffffff"), rgb("5f666f"), 0.6 * vein)


@MATERIALS.enter("Stone")
def stone(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Carved grey granite."""
    speck = texture(noise[..., 0], 0.4 * unit) + 0.6 * texture(noise[..., 1], 0.9 * unit)
    shade = 0.46 + 0.42 * relief(image, unit, 1.0) + 0.32 * (lightness(image, 0.5 * unit) - 0.5) + 0.042 * speck
    return ramp(shade, "17181a 4a4b4c 84837f b9b6ae e8e4da")


@MATERIALS.enter("Wood")
def wood(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Carved wood with long grain."""
    grain = stretch(texture(noise[..., 0], 0.7 * unit), 0.995, 0.1, 30 * unit)
    rings = stretch(texture(noise[..., 1], 2.5 * unit), 0.995, 0.1, 30 * unit)
    shade = 0.5 + 0.4 * relief(image, unit, 1.0) + 0.32 * (lightness(image, 0.5 * unit) - 0.5)
    return ramp(shade + 0.05 * grain + 0.06 * rings, "260f04 63310f a8682c d9a25c f6d7a0")


@MATERIALS.enter("Clay")
def clay(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Matt modelled terracotta."""
    thumb = texture(noise[..., 0], 2.2 * unit)
    shade = 0.5 + 0.46 * relief(image, unit, 0.9, 1.0) + 0.3 * (lightness(image, 0.8 * unit) - 0.5) + 0.025 * thumb
    return ramp(shade, "3c1208 8a3418 c4603a e09470 f6cdb4")


@MATERIALS.enter("Chocolate")
def chocolate(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Smooth glossy dark chocolate."""
    shade = relief(image, unit, 0.9, 1.0)
    tone = 0.45 + 0.4 * shade + 0.36 * (lightness(image, 0.7 * unit) - 0.5)
    gloss = 0.6 * smoothstep(shade, 0.4, 0.95)
    return screen(ramp(tone, "140602 3a1608 653018 96542e c48a5c"), gloss[..., None] * rgb("ffe0c4"))


@MATERIALS.enter("Jade")
def jade(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Polished green jade, cloudy and translucent."""
    cloud = texture(noise[..., 0], 5 * unit)
    shade = relief(image, unit, 0.8)
    tone = 0.45 + 0.34 * shade + 0.4 * (lightness(image, 0.8 * unit) - 0.5) + 0.05 * cloud
    return screen(
        ramp(tone, "022a1a 0a6a40 2ea868 86d8a0 d8f8dc"), 0.6 * smoothstep(shade, 0.5, 0.95)[..., None] * rgb("f0fff4")
    )


@MATERIALS.enter("Rust")
def rust(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Corroded iron: flaking orange on dark blue-grey steel."""
    patch, pit = texture(noise[..., 1], 3.5 * unit), texture(noise[..., 0], 0.6 * unit)
    shade = 0.45 + 0.36 * relief(image, unit, 1.0) + 0.4 * (lightness(image, 0.5 * unit) - 0.5)
    iron = ramp(shade, "0a0d10 2e363e 66737c b4c0c6")
    flake = ramp(shade + 0.035 * pit + 0.04 * patch, "240a04 702406 c05010 ea8c38 f8c884")
    return mix(iron, flake, smoothstep(patch + 0.2 * pit + 3 * (lightness(image, unit) - 0.5), -1.6, 0.2))


@MATERIALS.enter("Lava")
def lava(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Black crust, glowing cracks along the edges."""
    edge = edge_strength(image, unit, 0.8)
    crack = ridges(noise[..., 0], 2.5 * unit, 0.14) * (0.15 + 1.2 * blur(edge, 3 * unit)) * lightness(image, unit)
    heat = np.maximum(smoothstep(edge, 0.12, 0.8), np.clip(crack, 0, 1))
    crust = 0.14 + 0.16 * relief(image, unit, 0.9) + 0.02 * texture(noise[..., 1], 0.5 * unit)
    glow = heat + 0.5 * blur(heat, 3 * unit)
    hot = ramp(0.75 * glow, "000000 5a0800 d42a00 ff8a08 ffe870 fffbe0")
    return screen(np.clip(crust, 0, 1)[..., None] * rgb("a89c98"), hot)
