"""One folder for all that this process keeps on disk: visitors' models and keys, uploads, temporary files.

It goes when the process ends. What a killed one has left, the next start removes.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where what a killed process leaves stays
    fcntl = None  # type: ignore[assignment]

PREFIX, IN_USE = "modellock-page-", "in-use"
TEMPORARY = Path("temporary")  # in it
_held: list[IO[bytes]] = []  # open as long as the process lives, which tells others that its folder is in use


@cache
def process_folder() -> Path:
    """The folder, made at its first use with a name that nobody can guess; only its owner can read it."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    marker = (folder / IN_USE).open("wb")
    if fcntl is not None:
        fcntl.flock(marker, fcntl.LOCK_EX)
    _held.append(marker)
    atexit.register(remove_process_folder)
    return folder


def keep_all_in_it() -> None:
    """Have Gradio's cache and every temporary file in the folder; must be called before Gradio is imported."""
    remove_left_behind(Path(tempfile.gettempdir()))
    folder = process_folder()
    for name, variable in (("cache", "GRADIO_TEMP_DIR"), (TEMPORARY, "TMPDIR")):
        (folder / name).mkdir(exist_ok=True)
        os.environ[variable] = str(folder / name)
    tempfile.tempdir = os.environ["TMPDIR"]


def remove_process_folder() -> None:
    """Remove the folder with all that is in it."""
    shutil.rmtree(process_folder(), ignore_errors=True)


def remove_left_behind(parent: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        if fcntl is None or folder.is_symlink():
            continue
        with suppress(OSError), (folder / IN_USE).open("rb") as marker:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError where its process lives
            shutil.rmtree(folder, ignore_errors=True)
