"""Uploaded images, read as the core does: any mode and EXIF turn, and a clear word where it can't."""

from __future__ import annotations

import gradio as gr
from gradio.data_classes import ImageData
from PIL import Image, ImageOps

from modellock_core.errors import ModelLockError

from .passing_files import result_folder

LONGEST = 2  # times the short side; of a longer image the middle is taken


def with_short_side(image: Image.Image, side: int) -> Image.Image:
    """The image with a short side of so many px; the long one is rounded to a multiple of 8, as editors need it."""
    scale = side / min(image.size)
    shape = [min(round(length * scale / 8) * 8, LONGEST * side) for length in image.size]
    return ImageOps.fit(image, shape, Image.Resampling.LANCZOS)


def shown_file(image: Image.Image) -> str:
    """A picture as a file that several components can show: encoded once, and four times as fast as Gradio does."""
    file = result_folder() / "image.webp"
    image.save(file, quality=90, method=0)
    return str(file)


def square(image: Image.Image, side: int) -> Image.Image:
    """The centre square of an image, in so many px: what a model sees of it."""
    return ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.LANCZOS)


def image_input(value: Image.Image | None = None, **options) -> gr.Image:
    """A `gr.Image` the visitor may replace; its handlers get an RGB image, or None."""
    image = gr.Image(value, type="pil", format="png", sources=["upload", "webcam", "clipboard"], **options)
    # Gradio's own shows no cause for a file that is no image; for a subclass it would write a stub file beside this one
    image.preprocess = _read
    return image


def _read(upload: ImageData | None) -> Image.Image | None:
    from modellock_core.data.images import open_image

    if upload is None:
        return None
    if not upload.path:
        raise gr.Error("the image must be an uploaded file", print_exception=False)
    try:
        with open(upload.path, "rb") as file:
            return open_image(file, upload.orig_name or "the image")
    except ModelLockError as error:
        raise gr.Error(str(error), print_exception=False) from None
