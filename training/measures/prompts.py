"""Do two hands give two edits, and do words that ask for nothing change anything?"""

from __future__ import annotations

import random

import numpy as np
from torch import Tensor

from modellock_core.editing.catalogue import find

from ..nonsense import nonsense
from .report import mean, ranked, row, table
from .study import SEED, Study


def hands(study: Study) -> None:
    """Do two hands give two edits, as unlike as neighbouring styles?"""
    rng, few = random.Random(study.args.seed), slice(0, 8)

    def apart(a: Tensor, b: Tensor) -> float:
        return float(255 * (a - b).abs().mean())

    edits = {name: study.edited(name)[few] for name in study.styles}
    table("style", "two hands, grey levels", "two seeds", "the nearest style", "which")
    rows = []
    for name in sorted(rng.sample(study.styles, min(12, len(study.styles)))):
        prompt, images = find(name).prompt, study.source[few]
        pair = [study.edit(prompt, images, hand=f"{rng.getrandbits(128):032x}") for _ in range(2)]
        to_others = {other: apart(edits[name], edits[other]) for other in study.styles if other != name}
        nearest = min(to_others, key=to_others.get)
        other_seed = study.edit(prompt, images, seed=SEED + 1)
        rows.append((apart(*pair), apart(edits[name], other_seed), to_others[nearest]))
        row(name, *(f"{v:.1f}" for v in rows[-1]), nearest)
    row("mean", *(f"{v:.1f}" for v in np.mean(rows, axis=0)), "")


def changes_little(study: Study) -> None:
    """Is a picture left alone by words that ask for nothing?"""
    images = study.source[:4]
    texts = list(dict.fromkeys(nonsense(400, seed=study.args.seed + 77)))[:200]  # the reader learnt from seed 0
    changes = {text: float(255 * (study.edit(text, images) - images).abs().mean()) for text in texts}
    above = sum(v > 1 for v in changes.values())
    print(f"\nmade-up texts: {len(changes)} change {mean(changes.values()):.2f} grey levels on average, "
          f"{above} more than 1; most: {ranked(changes, 5, '.1f', highest=True)}")  # fmt: skip
