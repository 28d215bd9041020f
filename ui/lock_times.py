"""How long a lock takes: told before the start and while it runs, by what the stages of the last lock like it took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from modellock_core.models.backbones import DEFAULT_BACKBONE

from .pace import slowness

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Progress

TRUST = 0.003  # what is known before the start weighs as much as this part of the lock
ENOUGH = 0.01  # part of a lock from which on it tells how fast this machine is
SMOOTH = 0.15, 3.0  # an estimate this near to the one before, in parts or in seconds, only counts down


class Kind(NamedTuple):
    """Locks that take alike for as many images."""

    task: str
    recipe: str
    backbone: str
    editor: str


class Part(NamedTuple):
    """A stage of a lock: its seconds in all, and how often it is begun."""

    seconds: float
    visits: int = 1


@dataclass(frozen=True)
class Plan:
    """What a lock is expected to take.

    Attributes:
        images: training and test images.
        seconds: in all.
        parts: of stages, by name; short ones are left out.
    """

    images: int
    seconds: float
    parts: Mapping[str, Part]

    def of(self, images: int) -> Plan:
        """The same for another number of images."""
        return replace(self, images=images, seconds=self.seconds * images / max(1, self.images))

    def here(self) -> Plan:
        """The same on this machine instead of the one on which it was measured."""
        return replace(self, seconds=self.seconds * (slowness() or 1.0))


STANDARD = Kind("classification", "standard", DEFAULT_BACKBONE, "compact")
# Toybox on an idle machine whose two cores are the two threads of one and have no AMX
MEASURED = Plan(1008 + 396, 248, {
    "Editing training images": Part(61),
    "Editing with wrong keys": Part(6),
    "Editing test images": Part(10),
    "Reading clean images": Part(22, visits=2),
    "Finetuning the locked model": Part(78),
    "Looking for wrong keys that open the model": Part(39, visits=2),
    "Looking for patterns that open the model": Part(19, visits=2),
})  # fmt: skip
_last: dict[Kind, Plan] = {}  # locks that this process has made


def plan_of(kind: Kind, images: int) -> Plan | None:
    """What a lock is expected to take; None where nothing is known of its kind."""
    plan = _last.get(kind) or (MEASURED.here() if kind == STANDARD else None)
    return plan and plan.of(images)


def expected(kind: Kind, images: int | None) -> str:
    """What to expect of the next lock, as a line of Markdown.

    Args:
        images: training and test images; None where nobody knows yet.
    """
    plan = plan_of(kind, images) if images else None
    if plan is None:
        return "Takes **some minutes** on two processor cores. You can stop it at any time."
    return f"Takes **{length(plan.seconds)}**{known_by(kind in _last)}. You can stop it at any time."


def known_by(last_time: bool) -> str:
    """Where an estimate comes from, as the end of a sentence.

    Args:
        last_time: from the same work, done here before.
    """
    if last_time:
        return ", by the last time here"
    return " on two idle processor cores" if slowness() is None else " here, and longer while others use this machine"


def length(seconds: float) -> str:
    if seconds < 5:
        return "a few seconds"
    if seconds < 100:
        return f"about {5 * round(seconds / 5)} seconds"
    return f"about {max(2, round(seconds / 60))} minutes"


@dataclass
class _Stage:
    """What was seen of a stage: its seconds so far, how often it was begun, and how far it is this time."""

    seconds: float = 0.0
    visits: int = 1
    fraction: float = 0.0


class LockClock:
    """Watches a lock: tells the time that is left of all of it, and notes what its stages take.

    A moment of progress comes when a step is done, so the time before it is that of its own stage.
    """

    def __init__(self, plan: Plan | None):
        self.plan, self.stages, self.stage = plan, dict[str, _Stage](), ""
        self.begun = self.seen = self._stepped = time.monotonic()
        # the part of the plan, and its seconds, that this machine's speed is known from
        self._known, self._worked = 0.0, 0.0
        self._ends: float | None = None  # when the lock is expected to end

    def see(self, progress: Progress) -> None:
        """Take note of a moment of the lock; one that comes again while a step lasts only tells the time."""
        self.seen, fraction = time.monotonic(), progress.fraction or 0.0
        stage, before = self.stages.setdefault(progress.stage, _Stage()), self.done
        if progress.stage == self.stage and fraction == stage.fraction:
            return
        if fraction < stage.fraction:
            stage.visits += 1
        seconds, self._stepped = self.seen - self._stepped, self.seen
        stage.seconds, stage.fraction = stage.seconds + seconds, fraction
        if self.plan is not None:
            if self.stage in self.plan.parts and self.done > before:  # not what loading or testing took
                self._known, self._worked = self._known + self.done - before, self._worked + seconds
            self._estimate(self.plan)
        self.stage = progress.stage

    @property
    def done(self) -> float:
        """The part of the plan that is done, in [0, 1]."""
        if self.plan is None:
            return 0.0
        whole = sum(part.seconds for part in self.plan.parts.values())
        return sum(part.seconds * self._done_of(name, part) for name, part in self.plan.parts.items()) / whole

    def _done_of(self, name: str, part: Part) -> float:
        stage = self.stages.get(name)
        return min(1.0, (stage.visits - 1 + stage.fraction) / part.visits) if stage else 0.0

    def _estimate(self, plan: Plan) -> None:
        if self._known < ENOUGH:
            return
        whole = (self._worked + TRUST * plan.seconds) / (self._known + TRUST)
        left = whole * (1 - self.done)
        if self._ends is not None:  # one number that counts down, unless it would be wrong
            counted = max(0.0, self._ends - self.seen)
            if abs(left - counted) <= max(SMOOTH[0] * counted, SMOOTH[1]):
                return
        self._ends = self.seen + left

    def left(self) -> str:
        """The time that is left, in words; empty where nothing is known."""
        return "" if self._ends is None else f"{length(self._ends - self.seen)} left"

    def note(self, kind: Kind, images: int) -> None:
        """Remember what the lock has taken, for the next one of its kind."""
        parts = {name: Part(stage.seconds, stage.visits) for name, stage in self.stages.items() if stage.seconds >= 1}
        if parts:
            _last[kind] = Plan(images, self.seen - self.begun, parts)
