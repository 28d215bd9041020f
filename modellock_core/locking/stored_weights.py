"""What a file of weights says of itself, read before any network is built: names, types and shapes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ..errors import ModelLockError
from ..reading import is_regular, parse_json

MAX_HEADER = 4 * 2**20  # bytes
# types of the format that a lock's weights may have, with their bytes
FLOATS = {"F16": 2, "BF16": 2, "F32": 4}
OTHERS = {"I64": 8, "I16": 2}
KINDS = dict.fromkeys(FLOATS, "float") | {"I64": "whole", "I16": "bits"}  # counts of a batch norm, sealed weights


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file: its shape, and of which kind its numbers are, one of `KINDS`."""

    shape: tuple[int, ...]
    kind: str


def shapes_of(file: Path) -> dict[str, StoredTensor]:
    """The tensors in a safetensors file, by name, from its header.

    Raises:
        ModelLockError: the header is damaged, doesn't fit the file's size, or names a type that a lock doesn't have.
        FileNotFoundError, NotADirectoryError: there is no file.
    """
    name = f"the file {file}"
    if not is_regular(file):
        raise ModelLockError(f"{name} is no plain file; give a folder that a lock wrote")
    damaged = ModelLockError(f"{name} is damaged: its header doesn't fit; get it again")
    with file.open("rb") as opened:
        start = opened.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else MAX_HEADER + 1
        if length > MAX_HEADER:
            raise damaged
        try:
            header = parse_json(opened.read(length).decode(), name)
        except UnicodeDecodeError:
            raise damaged from None
    if not isinstance(header, dict):
        raise damaged
    tensors = {key: _tensor(value, key, name) for key, value in header.items() if key != "__metadata__"}
    size = sum(entry["data_offsets"][1] - entry["data_offsets"][0] for k, entry in header.items() if k in tensors)
    if file.stat().st_size != 8 + length + size:
        raise damaged
    return tensors


def wanted_of(model: nn.Module) -> dict[str, StoredTensor]:
    """What a file with the weights of a model holds; it may be on the meta device."""
    return {
        name: StoredTensor(tuple(weight.shape), "float" if weight.is_floating_point() else "whole")
        for name, weight in model.state_dict().items()
    }


def check_stored(stored: dict[str, StoredTensor], wanted: dict[str, StoredTensor], name: str) -> None:
    """See that stored tensors are the wanted ones.

    Raises:
        ModelLockError: one is missing, too many, or of another shape or type.
    """
    if stored != wanted:
        names = stored.keys() | wanted.keys()
        odd = min(key for key in names if stored.get(key) != wanted.get(key))
        raise ModelLockError(f"{name} is damaged: card and weights don't fit ({odd[:100]}); get it again")


def _tensor(entry: object, key: str, name: str) -> StoredTensor:
    """A tensor of the header.

    Raises:
        ModelLockError: it is none, or of a type that a lock doesn't have.
    """
    damaged = ModelLockError(f"{name} is damaged: its header doesn't fit; get it again")
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        raise damaged
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise damaged
    if kind not in KINDS:
        raise ModelLockError(
            f"{name} holds weights of type {kind[:20]!r}; a lock has {', '.join(FLOATS)}: get it again"
        )
    if offsets[1] - offsets[0] != math.prod(shape) * (FLOATS | OTHERS)[kind]:
        raise damaged
    return StoredTensor(tuple(shape), KINDS[kind])


def _are_counts(values: object) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**40 for v in values)
