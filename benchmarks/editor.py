"""Seconds an edit: the compact editor beside a full-size InstructPix2Pix, in one run.

InstructPix2Pix is built from its public configuration with random weights, which cost the same time.

python -m benchmarks.editor [--editor compact] [--no-reference]
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import time
from collections.abc import Callable

import torch

from modellock_core import load_editor
from modellock_core.editing.editors import PAPER_SETTINGS
from modellock_core.editing.editors.hub import HubEditor

from .big_editors import instruct_pix2pix as build_instruct_pix2pix

# side in px, images, steps; one image of 384 px is a preview in the app
CASES = [*itertools.product((128, 256), (1, 32), (1, 2, 4)), (384, 1, 1)]


def seconds(work: Callable[[], object], runs: int) -> float:
    """Median of some runs, after one to warm up."""
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


def instruct_pix2pix(dtype: torch.dtype, runs: int) -> float:
    """Seconds for one edit at the paper's settings."""
    editor = HubEditor.around(build_instruct_pix2pix().to(dtype=dtype), "InstructPix2Pix")
    settings = {"steps": PAPER_SETTINGS.steps, "guidance": PAPER_SETTINGS.guidance}
    settings |= {"image_guidance": PAPER_SETTINGS.image_guidance, "seed": 1024}
    image = torch.rand(1, 3, PAPER_SETTINGS.size, PAPER_SETTINGS.size)
    return seconds(lambda: editor.edit(image, "with oil pastel", **settings), runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--editor", default="compact")
    parser.add_argument("--no-reference", action="store_true", help="leave InstructPix2Pix out")
    args = parser.parse_args()

    editor = load_editor(args.editor)
    settings = {"guidance": 1.0, "image_guidance": 1.0, "seed": 1024}
    rows = {}
    for precision in ("fp32", "bf16"):
        editor.pipeline.unet.to(torch.bfloat16 if precision == "bf16" else torch.float32)
        for size, batch, steps in CASES:
            images = torch.rand(batch, 3, size, size)
            work = lambda: editor.edit(images, "with oil pastel", steps=steps, **settings)  # noqa: B023, E731
            rows[precision, size, batch, steps] = seconds(work, 5 if batch == 1 else 2) / batch
    reference = {}
    if not args.no_reference:
        reference = {"fp32": instruct_pix2pix(torch.float32, 1), "bf16": instruct_pix2pix(torch.bfloat16, 1)}
        print(", ".join(f"InstructPix2Pix {k}: {v:.1f} s an edit" for k, v in reference.items()))

    print("\n| precision | side | batch | steps | ms an image | images/s | times cheaper than InstructPix2Pix |")
    print("|---|---|---|---|---|---|---|")
    for (precision, size, batch, steps), time_ in rows.items():
        ratio = f"{min(reference.values()) / time_:.0f}" if reference else "-"
        print(f"| {precision} | {size} | {batch} | {steps} | {1000 * time_:.1f} | {1 / time_:.0f} | {ratio} |")
    print(f"\n{args.editor}, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
