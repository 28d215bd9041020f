"""Draw UP and LP of every key prompt, with the paper's figures beside them. Needs matplotlib.

python -m benchmarks.draw_catalogue assets/catalogue.jsonl docs/catalogue.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from .results import read_locks

# arXiv 2405.16285, the prompt study on Oxford-IIIT Pet: UP and LP in % accuracy
PAPER = {
    "Acrylic": (91.1, 11), "Impasto brush": (92.1, 41), "Watercolor": (92.1, 20), "Charcoal sketch": (92.0, 7),
    "Pastel": (91.4, 22), "Rembrandt": (91.1, 17), "Monet": (91.1, 8), "Van Gogh": (90.9, 9), "Dali": (91.1, 30),
    "Picasso": (91.1, 21), "Ukiyo-e": (92.0, 31), "Cyberpunk": (91.7, 24), "Art Deco": (90.6, 49),
    "Pop Art": (91.2, 20), "Scandinavian": (91.7, 61), "Contrast level": (91.5, 60), "Highlights": (91.4, 69),
    "Sharpness": (92.1, 48), "Color saturation": (91.3, 14), "White balance": (91.6, 55),
}  # fmt: skip
UNLOCKED, LOCKED = "#16a34a", "#dc2626"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    locks = read_locks(args.results)
    figure, axes = plt.subplots(2, 1, figsize=(12, 7), layout="constrained")
    for axis, kind in zip(axes, ("style", "object"), strict=True):
        chosen = [lock for lock in locks if lock["kind"] == kind]
        for name, colour, paper in (("unlocked", UNLOCKED, 0), ("locked", LOCKED, 1)):
            axis.bar(range(len(chosen)), [100 * lock[name] for lock in chosen], color=colour, label=f"{name}, Toybox",
                     alpha=0.45 if name == "unlocked" else 0.9)  # fmt: skip
            known = [(i, PAPER[lock["name"]][paper]) for i, lock in enumerate(chosen) if lock["name"] in PAPER]
            if known:
                axis.scatter(*zip(*known, strict=True), color=colour, edgecolor="black", s=22, zorder=3,
                             label=f"{name}, the paper's Pets")  # fmt: skip
        axis.axhline(100 * locks[0]["vanilla"], color="black", linewidth=0.8, linestyle="--", label="vanilla, Toybox")
        axis.axhline(100 / 9, color="grey", linewidth=0.8, linestyle=":", label="chance, Toybox")
        axis.set_xticks(range(len(chosen)), [lock["name"] for lock in chosen], rotation=60, ha="right", fontsize=8)
        axis.set_xlim(-0.7, len(chosen) - 0.3)
        axis.set_ylim(0, 100)
        axis.set_ylabel("accuracy, %")
    axes[0].legend(ncols=3, fontsize=8, loc="center right")
    figure.savefig(args.out, dpi=100)


if __name__ == "__main__":
    main()
