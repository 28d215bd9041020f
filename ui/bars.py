"""Scores as labelled bars, in HTML: wide enough to read on a phone and on a projector."""

from __future__ import annotations

import html
from collections.abc import Sequence


def score_bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """A bar for each name, fraction and colour."""
    drawn = "".join(
        f"<li><span>{html.escape(name)}</span><b>{score:.0%}</b>"
        f'<i style="width:{max(0.5, 100 * score):.1f}%;background:{colour}"></i></li>'
        for name, score, colour in rows
    )
    return f'<ul class="score-bars">{drawn}</ul>'
