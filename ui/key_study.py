"""How well keys of the catalogue lock: measured beforehand by `benchmarks/catalogue.py`, shown in step 1."""

from __future__ import annotations

import json
from pathlib import Path

from modellock_core.editing.catalogue import CATALOGUE
from modellock_core.paths import CATALOGUE_LOCKS

from .published import STYLES

COLUMNS = ["key", "prompt", "kind", "with the key %", "without it %", "paper: with %", "paper: without %"]
ABOUT = (
    "Keys that have locked the bundled images once, most of them the paper's. The paper's own figures are of another "
    "dataset (37 breeds of pets, chance 2.7 %), editor and model: compare which keys lock well, not the numbers. "
    "All of these lock: take one whose edit you can see and nobody would guess. Click a row to use its prompt."
)


def rows(file: Path = CATALOGUE_LOCKS) -> list[list]:
    """A row for each key of the catalogue that was measured, the paper's figures of the same style beside it."""
    locks = {lock["prompt"]: lock for lock in map(json.loads, file.read_text().splitlines())}
    return [
        [
            *(entry.name, entry.prompt, entry.kind),
            *(round(100 * locks[entry.prompt][name], 1) for name in ("unlocked", "locked")),
            *STYLES.get(entry.name, (None, None)),
        ]
        for entry in CATALOGUE
        if entry.prompt in locks
    ]
