import torch

from modellock_core.editing.editors.checkerboard import without_checkerboard


def grid(side: int = 64, strength: float = 0.03) -> torch.Tensor:
    """What repeats every 4 pixels, and every 2."""
    x = torch.arange(side)
    return strength * ((x % 4 == 0).float()[None, :] + (x % 2 == 0).float()[:, None]).expand(1, 3, side, side)


def test_a_grid_is_taken_out_of_a_plain_area():
    plain = torch.full((1, 3, 64, 64), 0.5) + grid()
    assert without_checkerboard(plain).std() < 0.1 * plain.std()


def test_an_edge_stays_sharp_and_leaves_no_grid_beside_it():
    picture = torch.full((1, 3, 64, 64), 0.2)
    picture[..., 33:, :] = 0.8
    clean = without_checkerboard(picture)
    assert (clean - picture)[..., 40:, :].abs().max() < 0.01 > (clean - picture)[..., :26, :].abs().max()
    assert (clean[..., 34, :] - clean[..., 31, :]).min() > 0.5


def test_strokes_of_other_periods_stay():
    x = torch.arange(64.0)
    strokes = (0.5 + 0.2 * torch.sin(2 * torch.pi * x / 5.3)).expand(1, 3, 64, 64)
    assert (without_checkerboard(strokes) - strokes)[..., 8:-8, 8:-8].abs().max() < 0.03
