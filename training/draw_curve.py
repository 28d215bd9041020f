"""Draw the training curve of an editor: the loss and the held-out PSNR against the steps. Needs matplotlib.

python training/draw_curve.py training/curves/compact.json docs/compact_curve.png
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curve", type=Path, help="curve.json of train_editor.py")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    curve = json.loads(args.curve.read_text())
    steps = [point["step"] for point in curve]
    figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
    for side, name, label, colour in (
        (axis, "loss", "training loss", "#dc2626"),
        (axis.twinx(), "psnr", "held-out PSNR, dB", "#4f46e5"),
    ):
        side.plot(steps, [point[name] for point in curve], color=colour, marker=".")
        side.set_ylabel(label, color=colour)
    axis.set_xlabel(f"steps ({curve[-1]['minutes']:.0f} minutes on 2 CPU cores)")
    figure.savefig(args.out, dpi=110)


if __name__ == "__main__":
    main()
