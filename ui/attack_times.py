"""How long a thief's attacks take: told before the start and while they run."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import cache

from modellock_core.evaluation.thieves import attacks_of
from modellock_core.paths import ATTACK_TIMES

from .lock_times import MEASURED, STANDARD, known_by, length, plan_of

_took: dict[tuple[str, str], float] = {}  # seconds of an attack with a budget, the last time in this process


@cache
def _shares() -> dict[str, float]:
    """What each attack takes with the quick budget, as a part of a lock's time; `benchmarks/attack_times.py`."""
    shares: dict[str, float] = json.loads(ATTACK_TIMES.read_text())
    return shares


def _seconds_of(names: Sequence[str], budget: str) -> list[float] | None:
    """What each attack is expected to take; None where that is not known of all of them."""
    lock = plan_of(STANDARD, MEASURED.images)
    known = {(name, "quick"): lock.seconds * share for name, share in _shares().items()} if lock else {}
    known |= _took
    return [known[name, budget] for name in names] if all((name, budget) in known for name in names) else None


def expected(thief: str, budget: str) -> str:
    """What to expect of a thief before the start, as a line of Markdown."""
    names = attacks_of(thief)
    seconds = _seconds_of(names, budget)
    if seconds is None:
        return "Takes **far longer than quick**. You can stop it at any time; what was found until then stays."
    by = known_by(all((name, budget) in _took for name in names))
    return f"Takes **{length(sum(seconds))}**{by}. You can stop it at any time."


class AttackClock:
    """Watches a thief's attacks, from the start of the first on.

    Args:
        names: of the attacks, in their order.
        budget: name of their budget.
    """

    def __init__(self, names: Sequence[str], budget: str):
        self._names, self._budget, self._planned = names, budget, _seconds_of(names, budget)
        self._done, self._begun = 0, time.monotonic()
        self._last = self._begun

    def end_attack(self) -> None:
        """Note that the next attack has ended, and what it has taken."""
        now = time.monotonic()
        _took[self._names[self._done], self._budget] = now - self._last
        self._last, self._done = now, self._done + 1

    def told(self) -> str:
        """How far the attacks are, and the time that is left where it is known."""
        so_far = f"{self._done} of {len(self._names)} attacks done"
        if self._planned is None or self._done == len(self._names):
            return so_far
        expected, to_come = sum(self._planned[: self._done]), sum(self._planned[self._done :])
        pace = (self._last - self._begun) / expected if expected else 1.0
        return f"{so_far}, {length(pace * to_come)} left"
