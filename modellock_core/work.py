"""The one protocol of long work: it yields `Progress` while it runs, and returns its result.

The page draws the progress, the command line prints it, a test reads it; nobody has to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, ParamSpec, TypeAlias, TypeVar

from torch import Tensor

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True)
class Progress:
    """One moment of long work.

    Attributes:
        stage: what is going on, in words for the user ("Editing images").
        step: how far the stage is, from 0 to `of`.
        of: where the stage ends; 0 where it counts nothing.
        metrics: figures so far, fractions in [0, 1] (`unlocked_performance`, `locked_performance`).
        unit: what is counted, "image" or "step".
        preview: images (N, 3, H, W) in [0, 1] worth showing, or None.
    """

    stage: str
    step: float = 0
    of: float = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    preview: Tensor | None = None
    unit: str = "step"

    @property
    def fraction(self) -> float | None:
        """How far the stage is, in [0, 1]; None where it counts nothing."""
        return min(1.0, self.step / self.of) if self.of else None


Steps: TypeAlias = Generator[Progress, None, T]  # long work on the inside


class Work(Generic[T]):
    """Long work on the outside: iterate it for its progress, then ask for its result.

    Example:
        >>> work = lock(dataset, key)
        >>> for progress in work:
        ...     print(progress.stage, progress.step, "of", progress.of)
        >>> work.result().model.save("locked")
    """

    def __init__(self, steps: Steps[T]):
        self._results: list[T] = []  # none until the work is done
        self._steps = self._kept(steps)

    def _kept(self, steps: Steps[T]) -> Generator[Progress, None, None]:
        self._results.append((yield from steps))

    def __iter__(self) -> Iterator[Progress]:
        return self

    def __next__(self) -> Progress:
        return next(self._steps)

    def result(self) -> T:
        """Do what is left of the work and return what it made.

        Raises:
            RuntimeError: the work was closed, or has failed, before its end.
        """
        for _ in self:
            pass
        if not self._results:
            raise RuntimeError("the work was stopped before its end; start it anew")
        return self._results[0]

    def close(self) -> None:
        """Stop the work and free its memory; a result that is there stays."""
        self._steps.close()


def work(function: Callable[P, Steps[T]]) -> Callable[P, Work[T]]:
    """Make a generator of steps a public function that returns `Work`."""

    @functools.wraps(function)
    def started(*args: P.args, **kwargs: P.kwargs) -> Work[T]:
        return Work(function(*args, **kwargs))

    return started


def part_of(steps: Steps[T], stage: str, index: int, count: int) -> Steps[T]:
    """Tell a piece of work as part `index` of `count` alike ones of a stage; returns what the piece returns."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(stage, index + (progress.fraction or 0), count, preview=progress.preview)
