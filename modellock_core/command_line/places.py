"""Where a command writes a lock: what the core says of a place, with the option that names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import ModelLockError
from ..locking.saving import PlaceError, check_places


def check_lock_places(
    folder: Path, key_file: Path, options: Mapping[str, str], *, force: bool = False, may_force: bool = False
) -> None:
    """`check_places` in the words of a command.

    Args:
        options: that name the "folder" and the "key_file".
        may_force: whether the command has --force.
    """
    try:
        check_places(folder, key_file, force=force)
    except PlaceError as error:
        mend = ", or --force to replace it" if may_force and error.replaceable else ""
        raise ModelLockError(f"{options[error.argument]}: {error}{mend}") from None
