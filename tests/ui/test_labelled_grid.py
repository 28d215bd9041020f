import pytest
from PIL import Image

from modellock_core import ModelLockError
from ui.labelled_grid import MARGIN, labelled_grid

COLOURS = ["red", "green", "blue", "yellow", "cyan", "magenta"]


def test_cells_stand_row_by_row_beside_their_labels():
    cells = [Image.new("RGB", (40, 30), colour) for colour in COLOURS]
    grid = labelled_grid(cells, ["0.2", "0.5", "a long label of many words"], ["Monet", "Van Gogh"], row_width=90)
    assert grid.width == 90 + 3 * (40 + MARGIN)
    top = grid.height - 2 * (30 + MARGIN)
    for i, cell in enumerate(cells):
        row, column = divmod(i, 3)
        middle = 90 + column * (40 + MARGIN) + 20, top + row * (30 + MARGIN) + 15
        assert grid.getpixel(middle) == cell.getpixel((0, 0))
    assert min(grid.crop((0, top, 90, grid.height)).convert("L").getextrema()) < 128  # something is written there


@pytest.mark.parametrize(("sizes", "message"), [([(8, 8)], "needs as many"), ([(8, 8), (8, 9)], "of one size")])
def test_cells_that_make_no_grid_are_refused(sizes, message):
    with pytest.raises(ModelLockError, match=message):
        labelled_grid([Image.new("RGB", size) for size in sizes], ["a", "b"], ["c"])
