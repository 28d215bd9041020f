"""Files and folders that appear whole or not at all: written beside, synced, then renamed.

Whoever is killed meanwhile leaves what was there before, and a hidden rest that the next writing removes.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import ModelLockError
from .reading import is_regular

try:
    import fcntl
except ImportError:  # Windows, where what a killed writer leaves stays
    fcntl = None  # type: ignore[assignment]

_PART = ".part"  # ends the names of what is being written
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux


@contextmanager
def file_being_written(file: str | Path, *, private: bool = False) -> Iterator[Path]:
    """A file of another name beside `file`; it takes its place if all went well.

    Args:
        private: whether its owner alone can read it.

    Raises:
        ModelLockError: there is a folder, pipe or device of this name.
    """
    file = Path(os.path.realpath(file))  # a link stays one
    if file.exists() and not is_regular(file):
        raise ModelLockError(f"{file} is no plain file; give a file")
    file.parent.mkdir(parents=True, exist_ok=True)
    with _place_beside(file) as place:
        place.touch(mode=0o600 if private else 0o666)
        yield place
        _sync(place)
        os.replace(place, file)
        _sync(file.parent)


@contextmanager
def file_replaced(file: Path) -> Iterator[Path]:
    """The light form of `file_being_written`, for many small files: a part of a file is never seen under its name.

    Nothing is synced, so the last files may be empty after a power cut; what a killed writer leaves stays.
    """
    place = _beside(file)
    try:
        yield place
        os.replace(place, file)
    finally:
        place.unlink(missing_ok=True)


def write_text(file: str | Path, text: str, *, private: bool = False) -> None:
    """Write a text file whole or not at all, see `file_being_written`."""
    with file_being_written(file, private=private) as place:
        place.write_text(text, encoding="utf-8")


@contextmanager
def folder_being_written(folder: str | Path, replacing: Collection[str] = ()) -> Iterator[Path]:
    """An empty folder beside `folder`; it takes its place if all went well.

    Args:
        replacing: names of the files that `folder` may hold already; they are gone afterwards.

    Raises:
        ModelLockError: `folder` holds anything else.
    """
    folder = Path(folder)
    check_replaceable(folder, replacing)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _place_beside(folder) as place:
        place.mkdir()
        yield place
        for entry in (*place.iterdir(), place):
            _sync(entry)
        if folder.exists():
            _exchange(place, folder)  # what was there before is now in `place`, and removed with it
        else:
            os.replace(place, folder)
        _sync(folder.parent)


def check_replaceable(folder: Path, names: Collection[str]) -> None:
    """See that a folder holds nothing but files of these names, or is not there.

    Raises:
        ModelLockError: it holds anything else, or is a file.
    """
    if folder.is_dir():
        others = sorted(entry.name for entry in folder.iterdir() if entry.name not in names or entry.is_dir())
        if others:
            raise ModelLockError(f"{folder} holds other files, such as {others[0]!r}; give a folder of its own")
    elif folder.exists() or folder.is_symlink():
        raise ModelLockError(f"{folder} is a file; give a folder")


def check_writable(target: str | Path) -> None:
    """Try whether a file or folder can be made here, before long work; folders above it are made.

    Raises:
        ModelLockError: it can't.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _place_beside(target) as place:
            place.write_bytes(b"0")
            _sync(place)
    except OSError as error:
        raise ModelLockError(f"{target} can't be written ({error.strerror}); give another place") from None


@contextmanager
def _place_beside(target: Path) -> Iterator[Path]:
    """A free name beside the target, held while it is used; whatever is there in the end is removed."""
    _remove_rests(target.parent, _prefix(target))
    place = _beside(target)
    with _held(place):
        try:
            yield place
        finally:
            _remove(place)


def _beside(target: Path) -> Path:
    """A free, hidden name beside the target."""
    return target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}{_PART}")


def _prefix(target: Path) -> str:
    return f".{target.name[:100]}."  # a name has 255 bytes at most


@contextmanager
def _held(place: Path) -> Iterator[None]:
    """Tell other writers that this place is in use, until this process ends at the latest."""
    marker = place.with_name(f"{place.name}.lock")
    if fcntl is None:
        yield
        return
    with marker.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            marker.unlink(missing_ok=True)


def _remove_rests(folder: Path, prefix: str) -> None:
    """Remove what killed writers have left of a target."""
    if fcntl is None:
        return
    for marker in folder.glob(f"{_escaped(prefix)}*{_PART}.lock"):
        with suppress(OSError), marker.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError where its writer is at work
            _remove(marker.with_suffix(""))
            marker.unlink()


def _escaped(text: str) -> str:
    """A name in which glob finds nothing but itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the disk hold what was written; a folder can't be synced on Windows."""
    if path.is_dir() and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> None:
    """Swap two folders; in one step where the system can, else the second is missing for a moment."""
    if not _exchanged_at_once(one, other):
        aside = other.with_name(f"{one.name}.old")
        os.rename(other, aside)
        os.rename(one, other)
        os.rename(aside, one)


def _exchanged_at_once(one: Path, other: Path) -> bool:
    """Whether Linux's renameat2 has swapped two folders."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # another system, or an old C library
        return False
    paths = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    return bool(renameat2(*paths, _RENAME_EXCHANGE) == 0)
