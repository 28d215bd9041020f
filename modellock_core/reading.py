"""Files from strangers, read within bounds: regular files only, so many bytes, JSON that is neither deep nor huge."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any, NoReturn

from .errors import ModelLockError

MAX_JSON = 4 * 2**20  # bytes; a card of 10,000 classes with long names
MAX_DEPTH = 20  # of lists and objects in each other
MAX_DIGITS = 30  # of a whole number
MAX_SHOWN = 60  # characters of a value in an error
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def is_text(text: str) -> bool:
    """Whether it can be written in UTF-8; bytes that Python couldn't decode can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shortened(value: object) -> str:
    """A value from elsewhere as an error may show it."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a huge number"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} ..."


def is_regular(file: str | Path) -> bool:
    """Whether it is a plain file, not a folder, pipe or device: reading those may never end."""
    return stat.S_ISREG(Path(file).stat().st_mode)


def read_text(file: str | Path, name: str, max_bytes: int) -> str:
    """The text of a UTF-8 file.

    Args:
        name: of the file, for the error.

    Raises:
        ModelLockError: it is no plain file, too large, or no text.
        FileNotFoundError, NotADirectoryError: there is none.
    """
    file = Path(file)
    if not is_regular(file):
        raise ModelLockError(f"{name} is no plain file; give a file")
    with file.open("rb") as opened:
        content = opened.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ModelLockError(f"{name} is larger than {max_bytes:,} bytes; it must be another file's name")
    try:
        return content.decode("utf-8-sig")  # editors on Windows put a byte order mark before a text
    except UnicodeDecodeError:
        raise ModelLockError(f"{name} is no text in UTF-8; it must be another file's name") from None


def read_json(file: str | Path, name: str, max_bytes: int = MAX_JSON) -> object:
    """What a JSON file holds.

    Args:
        name: of the file, for the error.

    Raises:
        ModelLockError: it is no plain file, too large, no JSON, or has lists in lists without end, whole numbers of
            many digits, numbers that are none, or a name twice.
        FileNotFoundError, NotADirectoryError: there is none.
    """
    return parse_json(read_text(file, name, max_bytes), name)


def parse_json(text: str, name: str) -> object:
    """The value of a JSON text; see `read_json`."""
    if _depth(text) > MAX_DEPTH:
        raise ModelLockError(f"{name} is damaged (lists in lists); get it again")
    try:
        return json.loads(
            text, parse_int=_bounded_int, parse_constant=_no_number, object_pairs_hook=_without_duplicates
        )
    except (ValueError, RecursionError):  # json's own errors are ValueErrors
        raise ModelLockError(f"{name} is damaged: it holds no JSON; get it again") from None


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in _STRING.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a whole number is too long")
    return int(digits)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):  # readers differ in which of them they take
        raise ValueError("a name is there twice")
    return values


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
