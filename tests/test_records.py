import json
from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import Field

from modellock_core import ModelLockError
from modellock_core.records import from_json, to_json


@dataclass(frozen=True)
class Inner:
    share: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Outer:
    name: str
    classes: tuple[str, ...]
    inner: Inner
    extra: float | None = None


def test_a_record_is_the_same_after_json():
    record = Outer("x", ("a", "b"), Inner(0.5))
    assert from_json(Outer, json.loads(json.dumps(to_json(record))), "it") == record


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({}, "name"),
        ({"name": 3, "classes": [], "inner": {"share": 0}}, "name"),
        ({"name": "x", "classes": "ab", "inner": {"share": 0}}, "classes"),
        ({"name": "x", "classes": [], "inner": {"share": 2}}, "inner.share"),
        ({"name": "x", "classes": [], "inner": {"share": float("nan")}}, "inner.share"),
        ([], "the whole"),
        (None, "the whole"),
    ],
)
def test_what_does_not_fit_is_named(value, where):
    with pytest.raises(ModelLockError, match=f"the report is damaged \\({where}"):
        from_json(Outer, value, "the report")
