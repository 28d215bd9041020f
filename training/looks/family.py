"""What a look is, and a family of these."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Look = Callable[[np.ndarray, float, np.ndarray], np.ndarray]  # (image, unit, noise) -> image, see looks.apply_look


class Family(dict[str, Look]):
    """Looks of one kind by name, in the order in which they are entered."""

    def enter(self, name: str) -> Callable[[Look], Look]:
        """Enter the function below."""

        def entered(function: Look) -> Look:
            self[name] = function
            return function

        return entered
