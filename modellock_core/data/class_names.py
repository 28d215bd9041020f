"""What the names of classes may be, wherever they come from: a lock's card holds them."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ModelLockError
from ..reading import is_text, shortened

MAX_CLASSES, MAX_NAME = 10_000, 200  # characters of a name


def check_class_names(names: Sequence[str]) -> None:
    """See that these names fit into a card.

    Raises:
        ModelLockError: there are too many, or one is too long, no UTF-8 text, or there twice.
    """
    if len(names) > MAX_CLASSES:
        raise ModelLockError(f"there are {len(names):,} classes; at most {MAX_CLASSES:,} are possible")
    for name in names:
        if len(name) > MAX_NAME:
            raise ModelLockError(f"the class name {name[:20]!r}... has {len(name)} characters; use at most {MAX_NAME}")
        if not is_text(name):
            raise ModelLockError(f"the class name {name!a} holds bytes that are no UTF-8 text; rename it")
    if len(set(names)) != len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise ModelLockError(f"two classes are called {shortened(twice)}; give each a name of its own")
