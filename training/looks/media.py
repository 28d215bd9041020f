"""Media: drawn, printed, cut."""

from __future__ import annotations

import cv2
import numpy as np

from .blurs import blur, dodge, fine_detail, flattened, lightness
from .edges import edge_direction, edge_strength, outline, slope
from .family import Family
from .pixels import blueness, greyscale, mix, more_vivid, ramp, rgb, saturate, screen, smoothstep, warmth
from .places import positions, spot
from .textures import stretch, texture

MEDIA = Family()


@MEDIA.enter("Charcoal sketch")
def charcoal_sketch(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Broad smeared black strokes on rough warm paper."""
    smear = stretch(texture(noise[..., 0], 0.6 * unit), 0.75, -0.66, 8 * unit)
    grain = texture(noise[..., 1], 0.35 * unit)
    dark = 1 - lightness(image, 0.7 * unit, 0.28)
    cover = smoothstep(dark + 0.09 * smear + 0.045 * grain, 0.25, 0.95) * 0.93
    line = np.clip(edge_strength(image, unit, 0.9) * 1.5 + 0.08 * grain - 0.3, 0, 1)
    return ramp((1 - cover) * (1 - 0.95 * line) + 0.012 * grain, "0c0b0b 4a4744 a29c94 efe9de")


@MEDIA.enter("Pencil sketch")
def pencil_sketch(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Fine graphite lines and slanted hatching on white paper."""
    hatch = stretch(texture(noise[..., 0], 0.3 * unit), 0.6, -0.8, 5 * unit)
    shade = smoothstep(1 - lightness(image, 0.8 * unit) + 0.16 * hatch, 0.5, 1.25)
    line = 1 - dodge(image, 2.2 * unit) ** 3.2
    return ramp((1 - 0.75 * shade) * (1 - 0.9 * line), "26282c 8a8d92 fbfbf8")


@MEDIA.enter("Ink drawing")
def ink_drawing(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Black pen lines with two blue-black washes on white."""
    line = outline(image, unit, 0.7, 0.007)
    tone = lightness(image, 0.8 * unit) + 0.03 * texture(noise[..., 0], 4 * unit)
    paper = mix(rgb("fdfcf6"), rgb("b9c6d8"), smoothstep(-tone, -0.5, -0.44))
    paper = mix(paper, rgb("5d7090"), smoothstep(-tone, -0.31, -0.26))
    return mix(paper, rgb("0a0d1c"), np.maximum(line, smoothstep(-tone, -0.18, -0.12)))


@MEDIA.enter("Colored pencil")
def colored_pencil(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Slanted strokes of bright pencils, paper showing through."""
    hatch = stretch(texture(noise[..., 0], 0.3 * unit), 0.7, -0.7, 5 * unit)
    grain = texture(noise[..., 1], 0)
    pigment = 1 - np.clip(saturate(image, 2.1) * 0.9 + 0.1, 0, 1)
    cover = np.clip(0.86 + 0.19 * hatch + 0.08 * grain, 0.2, 1.1)[..., None]
    line = 1 - dodge(image, 2 * unit) ** 2
    return (rgb("fffdf8") - 0.9 * pigment * cover) * (1 - 0.65 * line[..., None])


@MEDIA.enter("Chalk on blackboard")
def chalk_on_blackboard(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Dusty white and pastel chalk on a green-black board."""
    grain = texture(noise[..., 0], 0.3 * unit)
    stroke = stretch(texture(noise[..., 2], 0.5 * unit), 0.8, -0.6, 5 * unit)
    board = rgb("20332c") + 0.018 * texture(noise[..., 1], 9 * unit)[..., None]
    line = np.clip(edge_strength(image, unit, 0.8) * 2.2 - 0.35, 0, 1) * (1 + 0.12 * grain)
    fill = 0.75 * smoothstep(lightness(image, 0.7 * unit) + 0.1 * stroke + 0.03 * grain, 0.35, 1.0)
    chalk = np.clip(saturate(blur(image, 1.5 * unit), 2.6) * 0.5 + 0.55, 0, 1)
    return mix(board, chalk, np.clip(np.maximum(line, fill), 0, 1))


@MEDIA.enter("Comic")
def comic(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Bold black line, solid black shadows and few loud colours."""
    flat = np.clip(more_vivid(flattened(image, 2.2 * unit), 2.6), 0, 1)
    tone = greyscale(flat)
    steps = sum(smoothstep(tone, at - 0.025, at + 0.025) for at in (0.22, 0.42, 0.62, 0.82)) / 4
    flat = flat + (0.12 + 0.95 * steps - tone)[..., None]
    black = np.maximum(outline(image, unit, 0.95, 0.008), smoothstep(-lightness(image, 0.8 * unit), -0.19, -0.13))
    return mix(flat * rgb("fff6d8"), rgb("08070c"), black)


@MEDIA.enter("Cartoon")
def cartoon(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Smooth bright fills with thin brown outlines."""
    flat = more_vivid(flattened(image, 3 * unit, 0.2), 2.1)
    tone = greyscale(np.clip(flat, 0, 1))
    steps = sum(smoothstep(tone, at - 0.04, at + 0.04) for at in (0.15, 0.4, 0.65, 0.88)) / 4
    flat = np.clip(flat + (steps - tone)[..., None] * 0.6, 0, 1) ** 0.7 * 0.86 + 0.14
    return mix(flat, rgb("4a2418"), 0.95 * outline(image, unit, 0.7, 0.008))


@MEDIA.enter("Woodcut")
def woodcut(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Black print with carved white lines that follow the form."""
    x, y = edge_direction(greyscale(image), unit, 3.5)
    cut = stretch(texture(noise[..., 0], 0.55 * unit), x, y, 10 * unit)
    tone = lightness(image, 0.5 * unit, 0.23) + 1.1 * fine_detail(image, 2.5 * unit)
    white = smoothstep(tone + 0.17 * cut, 0.45, 0.53)
    return mix(rgb("12100e"), rgb("f3ead6"), white * (1 - 0.95 * outline(image, unit, 0.9, 0.012)))


@MEDIA.enter("Engraving")
def engraving(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Fine sepia lines along the form, as in an old book."""
    x, y = edge_direction(greyscale(image), unit, 4)
    fine = noise[..., 1] - blur(noise[..., 1], 1.1 * unit)
    line = stretch(fine, x, y, 6 * unit)
    tone = lightness(image, 0.4 * unit, 0.2) + 1.2 * fine_detail(image, 2 * unit)
    ink = smoothstep(0.14 * line - tone, -0.62, -0.3)
    ink = np.maximum(ink, 0.9 * outline(image, unit, 0.55, 0.012))
    return mix(rgb("f0dfbd"), rgb("3d2008"), ink)


@MEDIA.enter("Emboss")
def emboss(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Grey pressed relief."""
    dx, dy = slope(greyscale(image) / max(float(greyscale(image).std()), 0.07), unit, 0.6)
    return ramp(0.5 + 0.5 * np.tanh(1.5 * (dx + dy)), "1c1c1e 8f8f92 ffffff")


@MEDIA.enter("Blueprint")
def blueprint(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """White construction lines on blue paper."""
    paper = rgb("123f94") * (1 + 0.06 * texture(noise[..., 0], 6 * unit))[..., None]
    paper = paper + 0.1 * smoothstep(lightness(image, unit), 0.45, 0.85)[..., None] * rgb("90c0ff")
    line = np.maximum(0.55 * smoothstep(edge_strength(image, unit, 0.5), 0.25, 0.9), outline(image, unit, 0.55, 0.008))
    return mix(paper, rgb("eaf4ff"), 0.95 * line)


@MEDIA.enter("Paper cut-out")
def paper_cut_out(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Sheets of coloured paper, the lighter above, each with a soft shadow."""
    tone = lightness(flattened(image, 2 * unit), 0.7 * unit)
    shift = np.array([[1, 0, 1.6 * unit], [0, 1, 1.8 * unit]], np.float32)
    picture = np.ones_like(image) * rgb("14304f")
    for at, code in ((0.2, "1f7a8c"), (0.4, "e4572e"), (0.58, "f6ae2d"), (0.78, "fdf2d8")):
        sheet = smoothstep(tone, at - 0.01, at + 0.01)
        moved = cv2.warpAffine(sheet, shift, sheet.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        shadow = 0.6 * blur(moved, 1.2 * unit)
        picture = mix(picture * (1 - shadow)[..., None], rgb(code), sheet)
    return picture + 0.008 * noise[..., :1]


@MEDIA.enter("Silhouette")
def silhouette(image: np.ndarray, unit: float, noise: np.ndarray) -> np.ndarray:
    """Black shapes before a glowing sunset."""
    _, y = positions(image)
    sky = ramp(y + 0.03 * texture(noise[..., 0], 8 * unit), "2b1250 8c1f63 e8453c ff9a2e ffd65a fff0a8")
    sky = screen(sky, 0.8 * spot(image, 0.5, 0.72, 0.16)[..., None] * rgb("fff2b0"))
    flat = flattened(image, 2 * unit)
    tone = 0.7 * lightness(flat, 0.5 * unit) + 0.3 * blueness(flat) - 0.12 * warmth(flat)
    busy = np.minimum(blur(edge_strength(image, unit, 0.6), 3 * unit), 0.5)
    light = smoothstep(tone - 0.75 * busy - 0.3 * spot(image, 0.5, 0.5, 0.3), -0.02, 0.1)
    return mix(rgb("0d0512") + 0.05 * sky, sky, light)
