"""A lock's two numbers: of the one that was made, and before that of the example, beside what a lock will do."""

from __future__ import annotations

import html

from .first_screen import stored

STAGES = (
    "Your images are edited with your key.",
    "The model trains: it learns the edited images, and to give no answer on plain ones.",
    "An adversary looks for wrong keys that open it, and they are trained away. Not in “As in the paper”.",
    "Test images that it has never seen are tried, with the key and without.",
)


def two_numbers(unlocked_performance: float, locked_performance: float) -> str:
    """How often a model is right with the key and without, as HTML."""
    return (
        f'<div class="two-numbers"><div class="holder"><b>{unlocked_performance:.0%}</b>with the key</div>'
        f'<div class="thief"><b>{locked_performance:.0%}</b>without it</div></div>'
    )


def before_lock() -> str:
    """What a lock will do, and what has come of the example's, as HTML."""
    facts = stored().facts
    stages = "".join(f"<li>{stage}</li>" for stage in STAGES)
    return (
        f'<div class="before-lock"><h3>Press Lock, and watch it here</h3><ol>{stages}</ol>'
        f"<h3>What came of the example, “{html.escape(facts.prompt)}”</h3>"
        f"{two_numbers(facts.unlocked_performance, facts.locked_performance)}"
        f'<p class="note">Test images that are right. Guessing has {facts.chance:.0%}. The example was trained with '
        "all sample images; your own figures appear here.</p></div>"
    )
