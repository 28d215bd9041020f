"""What long work yields while it runs: the app draws it, the command line prints it, a test reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """One moment of long work.

    Attributes:
        stage: what is going on, in words for the user ("Editing images").
        step, of: how far the stage is.
        metrics: figures so far, fractions in [0, 1] (`unlocked_performance`, `locked_performance`).
        preview: images (N, 3, H, W) worth showing, or None.
        result: what the work made, on its last progress only.
    """

    stage: str
    step: int
    of: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    preview: Tensor | None = None
    result: Any = None
