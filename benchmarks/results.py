"""Results of long benchmarks: one line of JSON per lock, so a stopped run resumes."""

from __future__ import annotations

import json
from pathlib import Path


def read_locks(results: Path) -> list[dict]:
    """The locks made so far."""
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


def add_lock(results: Path, lock: dict) -> None:
    """Append a lock."""
    with results.open("a") as file:
        file.write(json.dumps(lock) + "\n")
