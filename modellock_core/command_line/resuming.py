"""Hours of editing that were stopped: the same command resumes them, unless its dataset has changed meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from ..data.dataset import Dataset
from ..data.dataset_hash import dataset_hash
from ..devices import accelerator
from ..errors import ModelLockError
from ..reading import read_json
from ..writing import write_text

BEGUN = ".begun.json"  # ends the name of the note, which lies beside the folder


def begin(out: Path, dataset: Dataset) -> None:
    """Note which dataset the work in a folder was begun with.

    Raises:
        ModelLockError: it was begun with another, or with another state of it.
    """
    file, now = _note(out), {"dataset": dataset_hash(dataset), "images": len(dataset.train) + len(dataset.test)}
    try:
        before = read_json(file, str(file)) if file.exists() else now
    except (OSError, ModelLockError):
        before = None
    if before != now:
        then = before.get("images", "unknown") if isinstance(before, dict) else "unknown"
        raise ModelLockError(
            f"--out {out} was begun with other images ({then} then, {now['images']} now); "
            f"give another --out, or delete {file} to go on with these"
        )
    accelerator().wait_for_everyone()  # all have read it
    if accelerator().is_main_process:
        write_text(file, json.dumps(now) + "\n")


def finish(out: Path) -> None:
    """Forget the note: the work is done."""
    if accelerator().is_main_process:
        _note(out).unlink(missing_ok=True)


def _note(out: Path) -> Path:
    return out.with_name(out.name + BEGUN)
