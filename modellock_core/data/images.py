"""The edge between image files and the core's tensors: (N, 3, H, W) float32 RGB in [0, 1]."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from ..errors import ModelLockError
from ..reading import is_regular

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


MAX_PIXELS, MAX_SIDE = 40_000_000, 30_000  # px; a photograph of today's cameras has 12 to 50 million
# Pillow reads forty formats more, some of them by other programs
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB of an image of any mode: turned as its EXIF says, transparency over white, 16 bits scaled to 8."""
    with suppress(Exception):  # damaged EXIF is common, and raises almost anything; the pixels are there
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
        ModelLockError: the file is missing, no plain file, not an image, damaged or larger than `MAX_PIXELS` or
            `MAX_SIDE`.
    """
    with opened(file, name) as image:
        return to_rgb(image)


@contextmanager
def opened(file: str | Path | BinaryIO, name: str | None = None) -> Iterator[Image.Image]:
    """An image file, as it is and decoded; see `open_image`."""
    name = name or getattr(file, "name", str(file))
    try:
        if isinstance(file, str | Path) and not is_regular(file):
            raise ModelLockError(f"{name} can't be read as an image: it is no plain file")
        with Image.open(file, formats=_formats()) as image:
            width, height = image.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                raise ModelLockError(
                    f"{name} is too large ({width}x{height} px); at most {MAX_PIXELS // 10**6} million pixels and "
                    f"{MAX_SIDE} px a side are read: make it smaller"
                )
            image.load()
            yield image
    except ModelLockError:
        raise
    except FileNotFoundError:
        raise ModelLockError(f"{name}: there is no such file") from None
    except Exception as error:  # Pillow's decoders raise almost anything on a damaged file
        raise ModelLockError(f"{name} can't be read as an image ({_cause(error)}); use a JPEG, PNG or WebP") from None


@cache
def _formats() -> tuple[str, ...]:
    """The formats that this Pillow can read."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _cause(error: Exception) -> str:
    """Why an image can't be read, without the path, which may be a temporary one of the server."""
    if isinstance(error, UnidentifiedImageError):
        return "it is none, or damaged"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {MAX_PIXELS // 10**6} million pixels"
    text = getattr(error, "strerror", None) or str(error)
    return "it is damaged" if "/" in text or not text else " ".join(text.split())[:100]


def to_pixels(image: Image.Image, size: int | None = None, fit: str = "crop") -> Tensor:
    """(3, H, W) uint8 RGB of a PIL image; with a size, its centre square of size x size pixels.

    Args:
        fit: "crop" for the centre square, "squash" for the whole image in another shape, as the authors resize.
    """
    image = to_rgb(image)
    if size and fit == "squash":
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    elif size:
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
