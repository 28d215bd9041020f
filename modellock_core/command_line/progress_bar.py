"""Long work with a bar on stderr."""

from __future__ import annotations

from typing import TypeVar

from tqdm import tqdm

from ..devices import accelerator
from ..work import Work

T = TypeVar("T")


def follow(work: Work[T]) -> T:
    """Do the work, show its progress, and return its result. Of several processes the first shows it."""
    bar, stage, hidden = None, None, not accelerator().is_main_process
    try:
        for progress in work:
            if bar is None or stage != progress.stage:
                if bar is not None:
                    bar.close()
                stage = progress.stage
                bar = tqdm(desc=stage, unit=f" {progress.unit}s", mininterval=0.5, disable=hidden)  # rate and time left
            bar.total = progress.of or None
            bar.update(round(progress.step) - bar.n)
            if progress.metrics:
                bar.set_postfix({k.removesuffix("_performance"): f"{v:.3f}" for k, v in progress.metrics.items()})
    finally:
        if bar is not None:
            bar.close()  # ends its line, so that an error has one of its own
    return work.result()
