"""What long work yields while it runs: the app draws it, the command line prints it, a test reads it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from torch import Tensor

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    """One moment of long work.

    Attributes:
        stage: what is going on, in words for the user ("Editing images").
        step, of: how far the stage is.
        metrics: figures so far, fractions in [0, 1] (`unlocked_performance`, `locked_performance`).
        preview: images (N, 3, H, W) worth showing, or None.
        result: what the work made, on its last progress only.
    """

    stage: str
    step: int
    of: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    preview: Tensor | None = None
    result: Any = None


def finished(work: Generator[Any, None, Result]) -> Result:
    """Do a piece of work to its end; returns what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def reported(
    work: Generator[None, None, Result], stage: str, step: int = 0, of: int = 1
) -> Generator[Progress, None, Result]:
    """Turn the bare yields of a piece of work into progress that stands still; returns what the work returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
        yield Progress(stage, step, of)


def numbered(work: Generator[Progress, None, Result], step: int, of: int) -> Generator[Progress, None, Result]:
    """Report part `step` of `of` instead of each part's own progress; returns what the work returns."""
    while True:
        try:
            progress = next(work)
        except StopIteration as end:
            return end.value
        yield replace(progress, step=step, of=of)
