"""Progress of long work as a bar with the time left."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from .background import in_background

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Progress, Work

REFRESH = 0.3  # seconds between two updates of the page


class ProgressBar:
    """Renders the core's `Progress` as HTML; the time left is that of the stage."""

    def __init__(self):
        self.stage, self.begun = "", 0.0

    def render(self, progress: Progress) -> str:
        """A bar; one that only moves where the stage counts nothing."""
        if progress.stage != self.stage:
            self.stage, self.begun = progress.stage, time.monotonic()
        stage, fraction = html.escape(progress.stage), progress.fraction
        if fraction is None:
            return (
                f'<div class="stage">{stage}</div>'
                '<div class="track" role="progressbar" aria-label="Progress"><div class="fill waiting"></div></div>'
            )
        elapsed = time.monotonic() - self.begun
        left = f", {elapsed / fraction - elapsed:.0f} s left" if 0.02 < fraction < 1 and elapsed > 1 else ""
        return (
            f'<div class="stage">{stage}: {fraction:.0%}{left}</div>'
            f'<div class="track" role="progressbar" aria-label="Progress" aria-valuenow="{fraction * 100:.0f}">'
            f'<div class="fill" style="width:{fraction * 100:.1f}%"></div></div>'
        )


class Stages:
    """Renders the core's `Progress` as a list of stages: those that are done with their seconds, then the bar."""

    def __init__(self):
        self.bar, self.done, self.begun = ProgressBar(), [], time.monotonic()

    def render(self, progress: Progress) -> str:
        """The stages so far."""
        if self.bar.stage and progress.stage != self.bar.stage:
            seconds = time.monotonic() - self.bar.begun
            self.done.append(f'<div class="done">✓ {html.escape(self.bar.stage)}, {seconds:.0f} s</div>')
        total = f'<div class="done">{time.monotonic() - self.begun:.0f} s so far</div>'
        return "".join(self.done) + self.bar.render(progress) + total


def paced(work: Work) -> Iterator[Progress]:
    """The progress of work in the background as often as the page is refreshed, and whenever there are figures.

    Who stops iterating stops the work.
    """
    shown = float("-inf")
    with closing(in_background(work)) as moments:
        for progress in moments:
            if progress.metrics or time.monotonic() - shown >= REFRESH:
                yield progress
                shown = time.monotonic()


def idle(message: str) -> str:
    """A line of text where the bar would be."""
    return f'<div class="stage" role="status">{html.escape(message)}</div>'


def stopped(result: str | None = None) -> str:
    """What the page says after a stop.

    Args:
        result: of the same step, if there is one already.
    """
    return idle("Stopped. What was there before is kept." if result else "Stopped. Nothing was saved.")
