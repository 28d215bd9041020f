"""Progress of long work as a bar with the time left."""

from __future__ import annotations

import html
import time


class ProgressBar:
    """Renders the core's `Progress` as HTML; the time left is that of the stage."""

    def __init__(self):
        self.stage, self.begun = "", 0.0

    def render(self, stage: str, step: int, of: int) -> str:
        """A bar; `step` of `of` is how far the stage is."""
        if stage != self.stage:
            self.stage, self.begun = stage, time.monotonic()
        part = min(1.0, step / max(1, of))
        elapsed = time.monotonic() - self.begun
        left = f", {elapsed / part - elapsed:.0f} s left" if 0.02 < part < 1 and elapsed > 1 else ""
        return (
            f'<div class="stage">{html.escape(stage)}: {part:.0%}{left}</div>'
            f'<div class="track" role="progressbar" aria-valuenow="{part * 100:.0f}">'
            f'<div class="fill" style="width:{part * 100:.1f}%"></div></div>'
        )


def idle(message: str) -> str:
    """A line of text where the bar would be."""
    return f'<div class="stage">{html.escape(message)}</div>'
