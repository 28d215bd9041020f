"""What all parts print: Markdown tables, and the best and the worst by name."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def table(*headings: str) -> None:
    """Print the head of a Markdown table."""
    print(f"\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}")


def row(*cells: object) -> None:
    """Print a row of the table begun last."""
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def ranked(values: dict[str, float], count: int, form: str, highest: bool = False) -> str:
    """The `count` names with the lowest values, or the highest, and these in a format: "Monet 0.81, Klimt 0.85"."""
    chosen = sorted(values, key=values.get, reverse=highest)[:count]
    return ", ".join(f"{name} {values[name]:{form}}" for name in chosen)


def mean(values: Iterable[float]) -> float:
    """Mean of values, such as a dict's."""
    return float(np.mean(list(values)))
