"""Files of the API's callers: results lie under random names, and what comes or goes is removed soon.

A call has no visit that ends, so time ends it.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from gradio.utils import get_upload_folder

KEPT = 600  # seconds: enough for a download, or for the next call that takes the file


@lru_cache(maxsize=1)
def _root() -> tempfile.TemporaryDirectory:
    """In Gradio's own folder, or it would copy each result to a place named after its content; gone at exit."""
    Path(get_upload_folder()).mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="results-", dir=get_upload_folder())


def result_folder() -> Path:
    """A new folder for what one call makes; it is removed after `KEPT` seconds."""
    folder = Path(tempfile.mkdtemp(dir=_root().name))
    _later(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def remove_soon(upload: str | Path) -> None:
    """Remove an uploaded file after `KEPT` seconds, unless the same content has been uploaded again meanwhile."""
    file = Path(upload)

    def remove() -> None:
        if file.exists() and time.time() - file.stat().st_ctime >= KEPT:
            file.unlink(missing_ok=True)

    _later(remove)


def _later(action: Callable[[], None]) -> None:
    timer = threading.Timer(KEPT, action)
    timer.daemon = True  # an exit waits for nobody
    timer.start()
