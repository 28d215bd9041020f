from PIL import Image

from modellock_core.paths import GALLERY
from ui import gallery


def test_every_prompt_that_the_editor_knows_has_a_place_of_its_own_in_the_picture():
    with Image.open(GALLERY) as picture:
        width, height = picture.size
    boxes = [gallery.box(i) for i in range(len(gallery.ENTRIES))]
    assert len(set(boxes)) == len(boxes) and max(box[2] for box in boxes) == width
    assert height == boxes[-1][3]  # a catalogue that has grown since would need another row
    assert GALLERY.stat().st_size < 4 * 2**20


def test_every_prompt_has_a_thumbnail():
    shown = gallery.found("")
    assert [name for _, name in shown] == [entry.name for entry in gallery.ENTRIES]
    assert {picture.size for picture, _ in shown} == {(gallery.SIDE, gallery.SIDE)}
    assert all(max(high - low for low, high in picture.getextrema()) > 20 for picture, _ in shown)  # none is blank
