"""Crops of photographs, and images as tensors and back."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def photographs(folders: list[Path], count: int, side: int, seed: int) -> np.ndarray:
    """Random square crops (count, side, side, 3) uint8, mirrored or not, of the photographs in turn; `side` in px."""
    suffixes = {".jpg", ".jpeg", ".png", ".webp"}
    rng = random.Random(seed)
    files = sorted(p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in suffixes)
    rng.shuffle(files)
    crops = []
    for i in range(count):
        with Image.open(files[i % len(files)]) as photo:
            image = photo.convert("RGB")
        part = int(min(image.size) * rng.uniform(0.4, 1))
        x, y = (rng.randint(0, length - part) for length in image.size)
        crop = np.asarray(image.resize((side, side), Image.Resampling.LANCZOS, box=(x, y, x + part, y + part)))
        crops.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
    return np.stack(crops)


def to_tensor(images: np.ndarray) -> Tensor:
    """Images (N, H, W, 3) uint8 as (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


def to_bytes(images: Tensor) -> np.ndarray:
    """Images (N, 3, H, W) in [0, 1] as (N, H, W, 3) uint8."""
    return (images.permute(0, 2, 3, 1) * 255).round().byte().numpy()
