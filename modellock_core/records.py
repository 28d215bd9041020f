"""Data that travels, as JSON and frozen dataclasses: what is read is checked first."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from .errors import ModelLockError

T = TypeVar("T")


def to_json(record: Any) -> dict[str, Any]:
    """A frozen dataclass as what `json` can write."""
    return asdict(record)


def from_json(kind: type[T], value: object, name: str) -> T:
    """A dataclass from what `json` has read.

    Args:
        name: of the value, for the error.

    Raises:
        ModelLockError: a value is missing, of another type or out of its range; it says which.
    """
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ModelLockError(f"{name} is damaged ({where}: {first['msg'].lower()}); get it again") from None
