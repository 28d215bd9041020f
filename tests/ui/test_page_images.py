import pytest
from PIL import Image

from ui.images import with_short_side


@pytest.mark.parametrize(
    ("size", "shown"),
    [((128, 128), (384, 384)), ((90, 60), (576, 384)), ((60, 90), (384, 576)), ((2000, 100), (768, 384)),
     ((1000, 777), (496, 384)), ((100, 201), (384, 768))],
)  # fmt: skip
def test_the_short_side_is_as_wanted_and_the_long_one_at_most_twice_that(size, shown):
    assert with_short_side(Image.new("RGB", size), 384).size == shown


def test_of_a_long_image_the_middle_is_taken():
    image = Image.new("RGB", (800, 100))
    image.paste("red", (300, 0, 500, 100))
    assert with_short_side(image, 96).getpixel((10, 48)) == (255, 0, 0)
