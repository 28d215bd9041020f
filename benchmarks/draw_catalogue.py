"""Draw UP and LP of every key prompt, with the paper's figures beside them. Needs matplotlib.

python -m benchmarks.draw_catalogue assets/catalogue.jsonl assets/catalogue.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

from modellock_core.paper import OBJECTS, STYLES, Performances
from modellock_core.prompts import find

from .results import read_locks

COLOURS = Performances("#16a34a", "#dc2626")


def draw(axis: Axes, locks: list[dict]) -> None:
    """Bars of one kind of key; dots where the paper has the same style, hatched where it has a range of objects."""
    for name in Performances._fields:
        colour, faded = getattr(COLOURS, name), 0.45 if name == "unlocked" else 0.9
        heights = [100 * lock[name] for lock in locks]
        axis.bar(range(len(locks)), heights, color=colour, alpha=faded, label=f"{name}, Toybox")
        dots = [(i, getattr(STYLES[lock["name"]], name)) for i, lock in enumerate(locks) if lock["name"] in STYLES]
        if dots:
            axis.scatter(*zip(*dots, strict=True), color=colour, edgecolor="black", s=22, zorder=3,
                         label=f"{name}, the paper's Pets")  # fmt: skip
        for category, ends in OBJECTS.items():
            rows = [i for i, lock in enumerate(locks) if find(lock["name"]).category == category]
            if rows:
                low, high = (getattr(end, name) for end in ends)
                axis.fill_between([min(rows) - 0.5, max(rows) + 0.5], low, high, facecolor="none", edgecolor=colour,
                                  hatch="///", linewidth=0.8, zorder=3, label=f"{name}, the paper's range")  # fmt: skip
    axis.axhline(100 * locks[0]["vanilla"], color="black", linewidth=0.8, linestyle="--", label="vanilla, Toybox")
    axis.axhline(100 * locks[0]["chance"], color="black", linewidth=0.8, linestyle=":", label="chance, Toybox")
    axis.set_xticks(range(len(locks)), [lock["name"] for lock in locks], rotation=60, ha="right", fontsize=8)
    axis.set_xlim(-0.7, len(locks) - 0.3)
    axis.set_ylim(0, 100)
    axis.set_ylabel("accuracy, %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    locks = read_locks(args.results)
    figure, axes = plt.subplots(2, 1, figsize=(12, 7), layout="constrained")
    for axis, kind in zip(axes, ("style", "object"), strict=True):
        draw(axis, [lock for lock in locks if lock["kind"] == kind])
    known = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(known.values(), known, ncols=4, fontsize=8, loc="outside upper center")
    figure.savefig(args.out, dpi=100)
    Image.open(args.out).convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
