"""Does a regular pattern of pixels lie on the edits? Their power spectra tell."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from modellock_core.data.images import resized
from modellock_core.editing.catalogue import find

from .report import mean, ranked, row, table
from .study import SEED, Study

NEAR = (-4, -3, -2, 2, 3, 4)  # frequency bins beside a peak
PEAK, GRID_PEAK = 4.0, 2.0  # times the power beside it
TILE = 128  # px, of the parts that a spectrum is the mean of


def power_spectrum(changes: Tensor) -> Tensor:
    """Power (128, 128) of changes (N, 3, H, W) over half overlapping Hann-windowed tiles (Welch's method).

    Each change counts alike: its finer half has a mean power of 1.
    """
    tiles = changes.unfold(2, TILE, TILE // 2).unfold(3, TILE, TILE // 2)  # (N, 3, rows, columns, 128, 128)
    tiles = tiles - tiles.mean((-2, -1), keepdim=True)
    window = torch.hann_window(TILE, periodic=True)
    power = torch.fft.fft2(tiles * window * window[:, None]).abs().square().mean((1, 2, 3))  # (N, 128, 128)
    fine = power.roll((TILE // 2, TILE // 2), (1, 2))
    fine[:, TILE // 4 : -TILE // 4, TILE // 4 : -TILE // 4] = 0
    return (power / fine.mean((1, 2), keepdim=True).clamp(min=1e-12)).mean(0)


def repeated_pattern(changes: Tensor) -> float:
    """Standard deviation, in grey levels, of what repeats every 8 px in all changes (N, 3, H, W)."""
    fine = (changes - resized(nn.functional.avg_pool2d(changes, 8, ceil_mode=True), changes.shape[-2:])).mean(0)
    tiles = fine.unfold(1, 8, 8).unfold(2, 8, 8).mean((1, 2))  # (3, 8, 8)
    return 255 * float((tiles - tiles.mean((1, 2), keepdim=True)).square().mean().sqrt())


def beside(power: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Medians (S, S) of the power (S, S) 2 to 4 bins away: in the row, in the column, and all around."""
    row, column = (torch.stack([power.roll(d, axis) for d in NEAR]).quantile(0.5, 0) for axis in (1, 0))
    around = [power.roll((y, x), (0, 1)) for y in range(-4, 5) for x in range(-4, 5) if max(abs(y), abs(x)) > 1]
    return row, column, torch.stack(around).median(0).values


def at_multiples(offset: int) -> dict[str, Tensor]:
    """Where (128, 128) both frequencies are multiples of 1/8 cycles per pixel, or `offset` bins from these."""
    multiple = torch.arange(TILE) % (TILE // 8) == offset
    whole, axes = multiple & multiple[:, None], torch.zeros(TILE, TILE, dtype=torch.bool)
    whole[0], whole[:, 0] = False, False
    axes[0], axes[:, 0] = multiple, multiple
    axes[0, 0] = False
    return {"the axes": axes, "the rest": whole}


def cycles(y: int, x: int) -> str:
    """A frequency bin in cycles per pixel."""
    return "({:.3f}, {:.3f})".format(*((i if i <= TILE // 2 else i - TILE) / TILE for i in (x, y)))


def grid_changes(study: Study) -> dict[str, Callable[[str], Tensor]]:
    """Changes (N, 3, S, S) of a painter by kind of picture, each with its own seed."""
    ramp = torch.linspace(0, 1, study.size)
    grey = torch.full((1, 3, study.size, study.size), 0.5)
    gradient = (0.2 + 0.3 * (ramp + ramp[:, None])).expand_as(grey)

    def changes(name: str, sources: Tensor) -> Tensor:
        prompt = find(name).prompt
        return torch.cat([study.edit(prompt, x[None], seed=SEED + i) - x for i, x in enumerate(sources)])

    count = len(study.source)
    return {
        "photographs": lambda name: changes(name, study.source),
        "plain grey": lambda name: changes(name, grey.expand(count, -1, -1, -1)),
        "gradient": lambda name: changes(name, gradient.expand(count, -1, -1, -1)),
        "photographs, the teachers": lambda name: study.taught(name) - study.source,
    }


def grid(study: Study) -> None:
    """Does a regular pattern of pixels lie on the edits?

    Beside the ratios at multiples of 1/8 cycles per pixel stand those at as many other frequencies: what chance makes.
    """
    places, chance = at_multiples(0), at_multiples(TILE // 16 + 1)
    away = torch.fft.fftfreq(TILE, 1 / TILE).abs() > 6
    away = away | away[:, None]  # from the lowest frequencies, where every spectrum is steep
    common, strengths = [], []
    table("changes of", "on", "highest ratio", "painter", "at, cycles/px", "painters above 2", "highest elsewhere")
    for kind, changes in grid_changes(study).items():
        highest, elsewhere, peaks = {place: {} for place in places}, {place: 0.0 for place in places}, 0
        at, strength = {}, {}
        for name in study.painters:
            change = changes(name)
            strength[name] = repeated_pattern(change)
            power = power_spectrum(change)
            in_row, in_column, around = beside(power)
            level = around.clone()
            level[0], level[:, 0] = in_row[0], in_column[:, 0]
            for place, where in places.items():
                ratio = power / level.clamp(min=1e-12)
                highest[place][name] = float(ratio[where].max())
                at[place, name] = cycles(*divmod(int((ratio * where).argmax()), TILE))
                elsewhere[place] = max(elsewhere[place], float(ratio[chance[place]].max()))
            local = torch.maximum(torch.maximum(in_row, in_column), around)
            peaks = peaks + ((power > PEAK * local.clamp(min=1e-12)) & away).int()
        for place, ratios in highest.items():
            worst = max(ratios, key=ratios.get)
            above = {name: ratio for name, ratio in ratios.items() if ratio > GRID_PEAK}
            named = f"{len(above)}: {ranked(above, 4, '.1f', highest=True)}" if above else "none"
            row(kind, place, f"{ratios[worst]:.2f}", worst, at[place, worst], named, f"{elsewhere[place]:.2f}")
        strengths.append(f"{kind}: {mean(strength.values()):.2f}, {ranked(strength, 3, '.2f', highest=True)}")
        often = (peaks > len(study.painters) / 2).nonzero().tolist()
        common.append(f"{kind}: " + (", ".join(cycles(y, x) for y, x in often[:8]) if often else "none"))
    print(f"\ngrey levels of what repeats every 8 px, mean and highest: {'; '.join(strengths)}")
    print(f"narrow peaks above {PEAK:g} times the local median, of most painters: {'; '.join(common)}")
