"""The edge between image files and the core's tensors: (N, 3, H, W) float32 RGB in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from ..errors import ModelLockError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB of an image of any mode: turned as its EXIF says, transparency over white, 16 bits scaled to 8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        scale = 255 / 65535 if np.asarray(image).max() > 255 else 1  # a 16-bit file holds up to 65535
        return image.convert("F").point(lambda v: v * scale).convert("L").convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def open_image(file: str | Path | BinaryIO, name: str | None = None) -> Image.Image:
    """Read an image file as RGB.

    Args:
        name: what an error calls the file.

    Raises:
        ModelLockError: the file is missing, not an image, damaged or absurdly large.
    """
    name = name or getattr(file, "name", str(file))
    try:
        with Image.open(file) as image:
            return to_rgb(image)
    except FileNotFoundError:
        raise ModelLockError(f"{name}: there is no such file") from None
    except Exception as error:  # Pillow's decoders raise almost anything on a damaged file
        raise ModelLockError(f"{name} can't be read as an image ({error}); use a JPEG, PNG or WebP file") from None


def to_pixels(image: Image.Image, size: int | None = None) -> Tensor:
    """(3, H, W) uint8 RGB of a PIL image; with a size, its centre square of size x size pixels."""
    image = to_rgb(image)
    if size:
        image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def to_tensor(image: Image.Image, size: int | None = None) -> Tensor:
    """(1, 3, H, W) float32 in [0, 1] of a PIL image; with a size, its centre square of size x size pixels."""
    return to_pixels(image, size)[None].float() / 255


def to_pil(image: Tensor) -> Image.Image:
    """The PIL image of a (3, H, W) tensor."""
    pixels = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())


def resized(images: Tensor, shape: Sequence[int]) -> Tensor:
    """Images (N, 3, H, W), or differences of images, at another size (height, width); they may overshoot a little."""
    if tuple(images.shape[-2:]) == tuple(shape):
        return images
    return F.interpolate(images, tuple(shape), mode="bicubic", antialias=True, align_corners=False)
