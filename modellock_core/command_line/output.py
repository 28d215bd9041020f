"""Where commands write: files that overwrite nothing, and lines of JSON."""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable
from itertools import chain, count
from pathlib import Path
from typing import Any

from ..devices import accelerator
from ..errors import ModelLockError
from ..writing import write_text


def on_main_process(command: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], None]:
    """A command whose work isn't shared: of several processes the first does it, and the others are done."""

    @functools.wraps(command)
    def of_one(args: argparse.Namespace) -> None:
        if accelerator().is_main_process:
            command(args)

    return of_one


def refuse_file(out: Path) -> None:
    """Stop before the work if --out names a file."""
    if out.exists() and not out.is_dir():
        raise ModelLockError(f"--out {out} is a file; give a folder")


def untaken(folder: Path, stem: str, suffix: str, taken: set[Path]) -> Path:
    """A file of this name, numbered if it is among those taken, to which it is added."""
    names = (f"{stem}{number}{suffix}" for number in chain([""], (f"-{i}" for i in count(2))))
    file = next(folder / name for name in names if (folder / name).resolve() not in taken)
    taken.add(file.resolve())
    return file


def print_json(value: dict[str, Any]) -> None:
    """Print one line of JSON; of several processes only the first does."""
    if accelerator().is_main_process:
        print(json.dumps(value), flush=True)


def write_json(file: Path, value: dict[str, Any]) -> None:
    """Write JSON that is easy to read, whole or not at all; of several processes only the first does."""
    if accelerator().is_main_process:
        write_text(file, json.dumps(value, indent=2) + "\n")
