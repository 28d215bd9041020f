"""How long a lock takes on this machine: told before the start, from the locks that it has made."""

from __future__ import annotations

_seconds: dict[tuple[str, str], float] = {}  # (recipe, amount) -> of the last lock


def note_time(recipe: str, amount: str, seconds: float) -> None:
    """Remember how long a lock took."""
    _seconds[recipe, amount] = seconds


def expected(recipe: str, amount: str) -> str:
    """What to expect of the next lock, as a line of Markdown."""
    if seconds := _seconds.get((recipe, amount)):
        return f"The last lock like this took **{_length(seconds)}** here. You can stop it at any time."
    return "Takes **some minutes** on two processor cores. You can stop it at any time."


def _length(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"
