"""Are strokes as strong as the teachers', and do they keep their place at other sizes?"""

from __future__ import annotations

import cv2
import torch
from torch import Tensor, nn

from modellock_core.data.images import resized
from modellock_core.editing.catalogue import find

from ..teachers import shrunk
from .photographs import photographs, to_tensor
from .report import mean, ranked, row, table
from .study import Study

SIDES = (128, 256, 384, 512)  # px


def stroke_strength(change: Tensor) -> float:
    """Standard deviation, in grey levels, of the 0.8 to 3 px band of changes (N, 3, H, W); mean over the images."""
    spreads = []
    for x in (255 * change).permute(0, 2, 3, 1).numpy():
        spreads.append((cv2.GaussianBlur(x, (0, 0), 0.8) - cv2.GaussianBlur(x, (0, 0), 3.0)).std())
    return mean(spreads)


def strokes(study: Study) -> None:
    """Are strokes as strong as the teacher's, in grey levels?"""
    table("painter", "stroke band of the edit, grey levels", "of the teacher", "ratio")
    ratios = {}
    for name in study.painters:
        edit, taught = (stroke_strength(x - study.source) for x in (study.edited(name), study.taught(name)))
        ratios[name] = edit / max(taught, 1e-6)
        row(name, f"{edit:.1f}", f"{taught:.1f}", f"{ratios[name]:.2f}")
    print(f"\nstrokes at {study.size} px: mean ratio {mean(ratios.values()):.2f}, lowest {ranked(ratios, 5, '.2f')}")


def middle_band(images: Tensor) -> Tensor:
    """What images (N, 3, H, W) hold of wavelengths from 4 to 16 px, of the same shape."""
    height, width = images.shape[-2:]
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width))
    kept = (frequency >= 1 / 16) & (frequency <= 1 / 4)
    return torch.fft.irfft2(torch.fft.rfft2(images) * kept, s=(height, width))


def sizes(study: Study, painter: str = "Impasto brush") -> None:
    """Do strokes keep their place and size when a photograph is edited at another size?"""
    photos = photographs(study.args.photos, min(8, study.args.count), max(SIDES), study.args.seed)
    bands = {}
    for side in SIDES:
        source = to_tensor(shrunk(photos, side))
        change = resized(study.edit(find(painter).prompt, source) - source, (128, 128))
        bands[side] = nn.functional.normalize(middle_band(change).flatten(1), dim=1)
    print(f"\n{painter}: correlation of the 4 to 16 px band of changes, both seen at 128 px")
    table("edited at, px", *map(str, SIDES))
    for a in SIDES:
        row(a, *(f"{(bands[a] * bands[b]).sum(1).mean():.2f}" for b in SIDES))
