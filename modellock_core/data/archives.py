"""A zip file as a folder: unpacked into a temporary one, within bounds, and gone when it has been read."""

from __future__ import annotations

import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import ModelLockError
from .images import IMAGE_SUFFIXES
from .masks import CLASS_NAMES

MAX_UNPACKED = 2 * 2**30  # bytes
# what a damaged zip raises, or one with a password or of an unknown method
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OSError, EOFError, ValueError)


@contextmanager
def unpacked(file: Path) -> Iterator[Path]:
    """The images and class names of a zip file in a temporary folder.

    Raises:
        ModelLockError: the file is damaged, has a password, or unpacks to more than `MAX_UNPACKED` bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        _unpack(file, Path(folder))
        yield unwrapped(Path(folder))


def unwrapped(root: Path) -> Path:
    """Step into folders that hold nothing but one folder, as zips of a folder do."""
    while True:
        entries = [e for e in root.iterdir() if not e.name.startswith((".", "__MACOSX"))]
        if len(entries) != 1 or not entries[0].is_dir():
            return root
        if any(p.suffix.lower() in IMAGE_SUFFIXES for p in entries[0].iterdir()):
            return root  # one class, not a wrapping folder
        root = entries[0]


def _unpack(file: Path, out: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if _is_wanted(PurePosixPath(m.filename))]
            if sum(m.file_size for m in members) > MAX_UNPACKED:
                raise ModelLockError(
                    f"{file.name} unpacks to over {MAX_UNPACKED / 2**30:g} GiB; give a smaller dataset, or a folder"
                )
            archive.extractall(out, members)  # keeps every member below `out`
    except ModelLockError:
        raise
    except ZIP_ERRORS as error:
        cause = getattr(error, "strerror", None) or error  # the whole of it names a temporary folder
        raise ModelLockError(
            f"{file.name} can't be unpacked ({cause}); make the zip anew, without a password"
        ) from None


def _is_wanted(member: PurePosixPath) -> bool:
    return member.suffix.lower() in IMAGE_SUFFIXES or member.name == CLASS_NAMES
