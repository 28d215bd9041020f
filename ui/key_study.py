"""How well every key of the catalogue locks: measured beforehand by `benchmarks/catalogue.py`, shown in step 1."""

from __future__ import annotations

import json

from modellock_core.paper import STYLES
from modellock_core.paths import CATALOGUE_LOCKS

COLUMNS = ["key", "prompt", "kind", "UP %", "LP %", "paper's UP %", "paper's LP %"]
ABOUT = (
    "Every key that the compact editor knows has locked Toybox once (recipe quick, seed 0). Dots and hatched ranges "
    "are the paper's, on another dataset (Oxford-IIIT Pet, 37 breeds, chance 2.7 %) with another editor and a larger "
    "model: compare which keys lock well, not the heights. Click a row to use its prompt."
)


def rows() -> list[list]:
    """A row for each lock, the paper's figures of the same style beside it."""
    locks = [json.loads(line) for line in CATALOGUE_LOCKS.read_text().splitlines()]
    return [
        [
            *(lock[name] for name in ("name", "prompt", "kind")),
            *(round(100 * lock[name], 1) for name in ("unlocked", "locked")),
            *STYLES.get(lock["name"], (None, None)),
        ]
        for lock in locks
    ]
