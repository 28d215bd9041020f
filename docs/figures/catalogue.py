"""Draw UP and LP of every key prompt, with the paper's figures beside them. Needs matplotlib.

python -m docs.figures.catalogue assets/catalogue.jsonl docs/catalogue.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from benchmarks.results import read_lines
from modellock_core.editing.catalogue import CATALOGUE, KeyPrompt
from ui.published import OBJECTS, STYLES, Performances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = Performances("#16a34a", "#dc2626")
BAR = 0.16  # inches


def measured(locks: list[dict]) -> list[tuple[KeyPrompt, dict]]:
    """The catalogue's entries that were locked, in its order; a lock whose prompt is no longer there is left out."""
    by_prompt = {lock["prompt"]: lock for lock in locks}
    return [(entry, by_prompt[entry.prompt]) for entry in CATALOGUE if entry.prompt in by_prompt]


def paper_range(entry: KeyPrompt) -> str | None:
    """Which range of the paper's an object is in."""
    if entry.kind != "object" or not entry.in_paper:
        return None
    return "animals" if entry.category == "Object, animal" else "unrelated"


def draw(axis: Axes, rows: list[tuple[KeyPrompt, dict]]) -> None:
    """Bars of one kind of key; dots where the paper has the same style, hatched where it has a range of objects."""
    entries, locks = zip(*rows, strict=True)
    for name in Performances._fields:
        colour, faded = getattr(COLOURS, name), 0.45 if name == "unlocked" else 0.9
        heights = [100 * lock[name] for lock in locks]
        axis.bar(range(len(locks)), heights, color=colour, alpha=faded, label=f"{name}, Toybox")
        dots = [(i, getattr(STYLES[entry.name], name)) for i, entry in enumerate(entries) if entry.name in STYLES]
        if dots:
            axis.scatter(*zip(*dots, strict=True), color=colour, edgecolor="black", s=22, zorder=3,
                         label=f"{name}, the paper's Pets")  # fmt: skip
        for group, ends in OBJECTS.items():
            places = [i for i, entry in enumerate(entries) if paper_range(entry) == group]
            low, high = (getattr(end, name) for end in ends)
            if places:
                axis.bar(places, high - low, 1, bottom=low, facecolor="none", edgecolor=colour, hatch="///",
                         linewidth=0.8, zorder=3, label=f"{name}, the paper's range")  # fmt: skip
    axis.axhline(100 * locks[0]["vanilla"], color="black", linewidth=0.8, linestyle="--", label="vanilla, Toybox")
    axis.axhline(100 * locks[0]["chance"], color="black", linewidth=0.8, linestyle=":", label="chance, Toybox")
    axis.set_xticks(range(len(locks)), [entry.name for entry in entries], rotation=60, ha="right", fontsize=8)
    axis.set_xlim(-0.7, len(locks) - 0.3)
    axis.set_ylim(0, 100)
    axis.set_ylabel("accuracy, %")


def main() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    rows = measured(read_lines(args.results))
    kinds = [kind for kind in ([row for row in rows if row[0].kind == k] for k in ("style", "object")) if kind]
    if not kinds:
        parser.error(f"{args.results} has no lock with a prompt of the catalogue")
    width = max(12, BAR * max(map(len, kinds)))
    figure, axes = plt.subplots(len(kinds), 1, figsize=(width, 3.5 * len(kinds)), layout="constrained", squeeze=False)
    axes = axes[:, 0]
    for axis, kind in zip(axes, kinds, strict=True):
        draw(axis, kind)
    known = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(known.values(), known, ncols=4, fontsize=8, loc="outside upper center")
    figure.savefig(args.out, dpi=100)
    Image.open(args.out).convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
