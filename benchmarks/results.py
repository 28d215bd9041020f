"""Results of long benchmarks: one line of JSON per lock or attack, so a stopped run resumes."""

from __future__ import annotations

import json
from pathlib import Path


def read_lines(results: Path) -> list[dict]:
    """The lines written so far."""
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


def add_line(results: Path, line: dict) -> None:
    """Append a line."""
    with results.open("a") as file:
        file.write(json.dumps(line) + "\n")
