"""The two figures of a lock: unlocked and locked performance (arXiv 2405.16285, section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class Scores:
    """Performances of a locked model, fractions of its task's metric.

    Attributes:
        unlocked_performance: on keyed images (UP).
        locked_performance: on clean images (LP).
    """

    unlocked_performance: Fraction
    locked_performance: Fraction
