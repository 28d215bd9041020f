"""Progress of long work as a bar, with the time left of a stage or of the whole."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from .background import in_background
from .turns import tell_left

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Progress, Work

    from .lock_times import LockClock

REFRESH = 0.3  # seconds between two updates of the page


class ProgressBar:
    """Renders the core's `Progress` as HTML; the time left is that of the stage."""

    def __init__(self):
        self.stage, self.begun = "", 0.0

    def render(self, progress: Progress, *, tells_time: bool = True) -> str:
        """A bar; one that only moves where the stage counts nothing.

        Args:
            tells_time: whether the time left is told.
        """
        if progress.stage != self.stage:
            self.stage, self.begun = progress.stage, time.monotonic()
        stage, fraction = html.escape(progress.stage), progress.fraction
        if fraction is None:
            return (
                f'<div class="stage">{stage}</div>'
                '<div class="track" role="progressbar" aria-label="Progress"><div class="fill waiting"></div></div>'
            )
        elapsed = time.monotonic() - self.begun
        known = tells_time and 0.02 < fraction < 1 and elapsed > 1
        left = f", {elapsed / fraction - elapsed:.0f} s left" if known else ""
        return (
            f'<div class="stage">{stage}: {fraction:.0%}{left}</div>'
            f'<div class="track" role="progressbar" aria-label="Progress" aria-valuenow="{fraction * 100:.0f}">'
            f'<div class="fill" style="width:{fraction * 100:.1f}%"></div></div>'
        )


class Stages:
    """Renders the core's `Progress` as a bar, the time of the whole, and the stages before with their seconds.

    Args:
        clock: knows what is left of the whole.
    """

    def __init__(self, clock: LockClock | None = None):
        self.bar, self.clock, self.stage = ProgressBar(), clock, ""
        self.seconds = dict[str, float]()  # of the stages so far; one that comes again has one line
        self.begun = self.seen = time.monotonic()

    def render(self, progress: Progress) -> str:
        """Where the work stands."""
        now, left, stage = time.monotonic(), "", progress.stage
        if self.stage:
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.seen
        self.seen, self.stage = now, stage
        if self.clock is not None:
            self.clock.see(progress)
            left = self.clock.left()
            tell_left(left)
            if left:  # then the bar is that of the whole
                progress = replace(progress, stage=f"{stage}. In all", step=round(1000 * self.clock.done), of=1000)
        bar = self.bar.render(progress, tells_time=not left)
        so_far = f"{now - self.begun:.0f} s so far"
        whole = f"{left[0].upper()}{left[1:]}, {so_far}" if left else so_far
        done = "".join(
            f'<div class="done">✓ {html.escape(name)}, {seconds:.0f} s</div>'
            for name, seconds in self.seconds.items() if name != stage
        )  # fmt: skip
        return f'{bar}<div class="whole-time">{whole}</div>{done}'


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
