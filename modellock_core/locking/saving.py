"""A lock on disk: the model's folder, and the key in a file of its own. Who is killed while saving loses nothing."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from ..editing.key import Key
from ..errors import ModelLockError
from ..records import to_json
from ..writing import check_replaceable, check_writable, folder_being_written, write_text
from .lock import Lock
from .lock_files import CARD, LOCK_FILES, MODEL_CARD, REPORT
from .model_card import model_card

BEFORE = ".before"  # ends the name of a replaced key, until the new model is in its place


class PlaceError(ModelLockError):
    """A place where a lock can't be saved.

    Attributes:
        argument: of `check_places` that names it, "folder" or "key_file".
        replaceable: whether `force` would replace what is there.
    """

    def __init__(self, message: str, argument: str, *, replaceable: bool = False):
        super().__init__(message)
        self.argument, self.replaceable = argument, replaceable


def check_places(folder: Path, key_file: Path, *, force: bool) -> None:
    """See, before the work, that a lock can be saved here, and that nothing else is lost by it.

    Args:
        force: whether a lock that is there may be replaced.

    Raises:
        PlaceError: there is something already that may not be replaced, or the key would lie inside the model's folder.
        ModelLockError: the folder holds other files than a lock's, or a place can't be written.
    """
    if folder.resolve() in (Path.cwd().resolve(), Path(folder.resolve().anchor)):
        raise PlaceError(f"{folder} is no folder of its own; give a new one, such as 'locked'", "folder")
    if folder.resolve() == key_file.resolve() or key_file.resolve() in folder.resolve().parents:
        raise PlaceError(f"{key_file} is a folder of the model's; give a file beside it for the key", "key_file")
    if folder.resolve() in key_file.resolve().parents:
        raise PlaceError(
            f"{key_file} lies inside {folder}, and a key must not travel with its model; give a file beside it",
            "key_file",
        )
    if key_file.is_dir():
        raise PlaceError(f"{key_file} is a folder; give a file for the key", "key_file")
    check_replaceable(folder, LOCK_FILES)
    taken = {"folder": folder.is_dir() and any(folder.iterdir()), "key_file": os.path.lexists(key_file)}
    for argument, place in (("folder", folder), ("key_file", key_file)):
        if taken[argument] and not force:
            raise PlaceError(f"{place} is there already; give another name", argument, replaceable=True)
    if key_file.exists() and not _is_key(key_file):
        raise PlaceError(f"{key_file} is there and is no key file; give another name", "key_file")
    check_writable(folder)
    check_writable(key_file)


def save_lock(lock: Lock, folder: Path, key_file: Path, *, seal: bool = True) -> None:
    """Save a lock: first the key, then the model with its cards and report, all at once.

    A key that is replaced lies beside the new one until the model is replaced too: at every moment the key of the
    model in `folder` is on disk.

    Args:
        seal: whether the last layer is encrypted, see `seal.py`.

    Raises:
        ModelLockError: the folder holds other files than a lock's, or the disk is full.
    """
    before = key_file.with_name(key_file.name + BEFORE)
    if key_file.exists() and Key.load(key_file) != lock.key and not _fits(before, folder):
        write_text(before, key_file.read_text(), private=True)
    if not key_file.exists() or Key.load(key_file) != lock.key:
        lock.key.save(key_file)
    with folder_being_written(folder, LOCK_FILES) as place:
        card = lock.model.write(place, lock.key if seal else None)
        write_text(place / MODEL_CARD, model_card(card, lock.report))
        write_text(place / REPORT, json.dumps(to_json(lock.report), indent=2) + "\n")
    before.unlink(missing_ok=True)


def _is_key(file: Path) -> bool:
    with suppress(ModelLockError):
        return bool(Key.load(file))
    return False


def _fits(key_file: Path, folder: Path) -> bool:
    """Whether a key file is there that a killed save has left for the model in a folder."""
    with suppress(ModelLockError, OSError, ValueError):
        return bool(Key.load(key_file).fingerprint() == json.loads((folder / CARD).read_text())["key_hash"])
    return False
