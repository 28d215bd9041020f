"""Draw what a thief reaches with so many labelled images, beside whoever has the public backbone. Needs matplotlib.

python -m docs.figures.labels docs/robustness.jsonl [MORE.jsonl ...] --prompt P --out docs/labels.png
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from benchmarks.results import read_lines


class Curve(NamedTuple):
    """How an attack is drawn: its name in the legend and its colour."""

    name: str
    colour: str


CURVES = {
    "known edit": Curve("the right edit and a new last layer", "#dc2626"),
    "linear probe": Curve("a probe of the stolen features", "#ea580c"),
    "hybrid, new last layer": Curve("stolen and public modules joined", "#c026d3"),
    "finetune": Curve("a finetune of the stolen model", "#7c3aed"),
}
PUBLIC = {  # the reference of these attacks
    "known edit": Curve("public: a probe", "#6b7280"),
    "finetune": Curve("public: a finetune in its best way", "#111827"),
}


def best(lines: list[dict], prompt: str) -> tuple[dict[str, dict[int, float]], dict[str, dict[int, float]]]:
    """Of each attack that is drawn, the best score and the reference by the number of labelled images."""
    scores: dict[str, dict[int, float]] = defaultdict(dict)
    references: dict[str, dict[int, float]] = defaultdict(dict)
    for finding in (f for line in lines if line["prompt"] == prompt and line["attack"] for f in line["findings"]):
        name, labels = finding["attack"], finding["labels"]
        if name in CURVES and labels:
            scores[name][labels] = max(finding["score"], scores[name].get(labels, 0))
            references[name][labels] = finding["reference"]
    return scores, references


def main() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--prompt", default="in the style of Van Gogh")
    parser.add_argument("--out", type=Path, default=Path("docs/labels.png"))
    args = parser.parse_args()
    lines = [line for file in args.results for line in read_lines(file) if line.get("seed") == 0]
    scores, references = best(lines, args.prompt)
    if not scores:
        parser.error(f"no attack with labelled images on {args.prompt!r} in these files")
    holder = next(line for line in lines if line["prompt"] == args.prompt and not line["attack"])

    figure, axis = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for curves, values, line in ((CURVES, scores, "o-"), (PUBLIC, references, "s--")):
        for attack, curve in curves.items():
            points = sorted(values[attack].items())
            axis.plot(
                *zip(*((n, 100 * score) for n, score in points), strict=True), line, color=curve.colour,
                label=curve.name, markersize=4, linewidth=1.6,
            )  # fmt: skip
    axis.axhline(100 * holder["unlocked_performance"], color="#16a34a", linewidth=1.6, label="the holder of the key")
    axis.axhline(100 * holder["chance"], color="#9ca3af", linewidth=0.8, linestyle=":", label="guessing")
    counts = sorted({n for values in scores.values() for n in values})
    axis.set_xscale("log")
    axis.set_xticks(counts, counts)
    axis.minorticks_off()
    axis.set_xlabel("labelled images that the thief has")
    axis.set_ylabel("accuracy, %")
    axis.set_ylim(0, 100)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(ncols=1, fontsize=8, loc="outside right upper", frameon=False)
    figure.savefig(args.out, dpi=110)
    Image.open(args.out).convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
