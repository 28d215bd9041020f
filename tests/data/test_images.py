import io

import numpy as np
import pytest
import torch
from PIL import Image

from modellock_core import ModelLockError
from modellock_core.data.images import open_image, resized, to_pil, to_pixels, to_rgb, to_tensor


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_any_mode_becomes_rgb_and_keeps_its_brightness(mode):
    ramp = Image.fromarray(np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (32, 1)))
    image = open_image(saved(ramp.convert("RGB").convert(mode)))
    assert image.mode == "RGB" and image.size == (64, 32)
    assert to_tensor(image).mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "I;16"), ("TIFF", "I;16"), ("TIFF", "I;16B")])
def test_16_bits_are_scaled_to_8(kind, mode):
    values = np.array([[0, 32896, 65535]], np.uint16)
    image = Image.frombytes(mode, (3, 1), values.astype(">u2" if mode.endswith("B") else "<u2").tobytes())
    assert np.asarray(open_image(saved(image, kind)))[0, :, 0].tolist() == [0, 128, 255]


def test_cmyk_jpegs_are_read():
    image = open_image(saved(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "JPEG"))
    red, green, blue = image.getpixel((8, 8))
    assert red < 60 and green > 120 and blue > 120


def test_transparency_is_put_over_white():
    assert to_rgb(Image.new("RGBA", (2, 2), (255, 0, 0, 0))).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([9, 9, 9])
    assert open_image(saved(palette, transparency=0)).getpixel((0, 0)) == (255, 255, 255)


def test_a_photograph_is_turned_as_its_exif_says():
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (0, 0, 20, 20))  # the left half
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the picture is at the right of the file
    turned = open_image(saved(image, "JPEG", exif=exif))
    assert turned.size == (20, 40) and turned.getpixel((10, 5))[0] > 200 and turned.getpixel((10, 35))[0] < 50


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(40), b"RIFF\x20\x00\x00\x00WEBPVP8 "]
)
def test_what_is_no_image_is_named(content):
    with pytest.raises(ModelLockError, match=r"^mine\.png can't be read as an image .*; use a JPEG"):
        open_image(io.BytesIO(content), "mine.png")


def test_a_cut_off_image_is_named():
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = saved(Image.fromarray(noise), "JPEG").getvalue()
    with pytest.raises(ModelLockError, match="can't be read as an image"):
        open_image(io.BytesIO(content[: len(content) // 2]), "half.jpg")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelLockError, match="there is no such file"):
        open_image(tmp_path / "missing.png")


def test_an_absurdly_large_image_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ModelLockError, match="can't be read as an image"):
        open_image(saved(Image.new("1", (50, 50))), "huge.png")


def test_tensors_and_images_turn_into_each_other_without_loss():
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    tensor = to_tensor(Image.fromarray(pixels))
    assert tensor.shape == (1, 3, 20, 30) and tensor.dtype == torch.float32
    assert np.array_equal(np.asarray(to_pil(tensor[0])), pixels)
    assert torch.equal(to_pixels(Image.fromarray(pixels)).float() / 255, tensor[0])


def test_a_size_takes_the_centre_square():
    image = Image.new("RGB", (300, 100), "black")
    image.paste("white", (100, 0, 200, 100))
    assert to_pixels(image, 50).shape == (3, 50, 50) and to_pixels(image, 50)[:, :, 5:-5].min() == 255


def test_an_image_of_the_right_size_is_not_resampled():
    images = torch.rand(2, 3, 8, 6, generator=torch.Generator().manual_seed(0))
    assert resized(images, (8, 6)) is images
    assert resized(images, (16, 12)).shape == (2, 3, 16, 12)
