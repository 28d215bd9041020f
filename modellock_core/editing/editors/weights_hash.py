"""Which weights an editor has: a hash of its files, for keys and for the names of stored edits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

SUFFIXES = {".json", ".safetensors", ".txt", ".model"}  # weights, configurations, vocabularies
CHUNK = 2**22  # bytes


def weights_hash(folders: Sequence[Path]) -> str:
    """SHA-256 of the files of folders; where they lie and when they were written makes no difference."""
    whole = hashlib.sha256()
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file()]
        for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
            whole.update(f"{path.relative_to(folder).as_posix()}:{file_hash(path)};".encode())
    return whole.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file; of a large one in the Hub's cache, whose name is that, without reading it."""
    name = path.resolve().name
    if path.is_symlink() and re.fullmatch(r"[0-9a-f]{64}", name):
        return name
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
