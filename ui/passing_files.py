"""Files of the API's callers: results lie under random names, and what comes or goes is removed soon.

A call has no visit that ends, so time ends it: the server's housekeeping calls `remove_passed_files`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from gradio.utils import get_upload_folder

KEPT = 600  # seconds: enough for a download, or for the next call that takes the file
_uploads: set[Path] = set()  # of callers, to be removed


@lru_cache(maxsize=1)
def _root() -> tempfile.TemporaryDirectory:
    """In Gradio's own folder, or it would copy each result to a place named after its content; gone at exit."""
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="results-", dir=get_upload_folder())


def result_folder() -> Path:
    """A new folder for what one call makes; it is removed after `KEPT` seconds."""
    return Path(tempfile.mkdtemp(dir=_root().name))


def remove_soon(upload: str | Path) -> None:
    """Have an uploaded file removed `KEPT` seconds after it came."""
    _uploads.add(Path(upload))


def remove_passed_files() -> None:
    """Remove the results and uploads that are older than `KEPT` seconds."""
    oldest = time.time() - KEPT
    for folder in Path(_root().name).iterdir():
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
    for file in list(_uploads):
        with suppress(FileNotFoundError):
            if file.stat().st_ctime >= oldest:
                continue
            file.unlink()
        _uploads.discard(file)
