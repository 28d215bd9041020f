"""Which weights an editor has: a hash of its files, for keys and for the names of stored edits."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

SUFFIXES = {".json", ".safetensors", ".txt", ".model"}  # weights, configurations, vocabularies
PIPELINE = "model_index.json"  # in the folder of a pipeline of diffusers
# model.fp16.safetensors, model.fp16-00001-of-00002.safetensors, model.safetensors.index.fp16.json
NOT_READ = re.compile(r"^safety_checker/|\.[a-z]\w*(-\d+-of-\d+)?\.safetensors$|\.index\.\w+\.json$")
CHUNK = 2**22  # bytes


def weights_hash(folders: Sequence[Path]) -> str:
    """SHA-256 of the files of folders; where they lie and when they were written makes no difference.

    What others may have fetched beside them makes none either: variants of weights such as fp16, safety checkers, and
    files of a pipeline's folder that are in none of its parts.
    """
    whole = hashlib.sha256()
    for folder in folders:
        pipeline = (folder / PIPELINE).is_file()
        files = {path.relative_to(folder): path for path in folder.rglob("*") if path.suffix in SUFFIXES}
        for name in sorted(files, key=Path.as_posix):
            beside = pipeline and len(name.parts) == 1 and name.name != PIPELINE
            if not (beside or NOT_READ.search(name.as_posix())) and files[name].is_file():
                whole.update(f"{name.as_posix()}:{file_hash(files[name])};".encode())
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
