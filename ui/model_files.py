"""A locked model as the one zip file in which it is downloaded and opened again."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from modellock_core.errors import ModelLockError

from .backbones import check_backbone

if TYPE_CHECKING:  # it loads torch
    from modellock_core import LockedModel

MAX_MODEL_BYTES = 200 * 2**20


def zipped(folder: Path) -> Path:
    """A saved model as the file that is downloaded; it lies beside the folder."""
    return Path(shutil.make_archive(str(folder.with_name("locked-model")), "zip", folder))


def open_zipped(archive: str | Path, name: str | None = None) -> LockedModel:
    """The model of a zip file.

    Args:
        name: what an error calls the file.

    Raises:
        ModelLockError: it is no zip file of a locked model, is damaged, or is too large.
    """
    from modellock_core import LockedModel
    from modellock_core.locking.card import LockCard

    name = name or Path(archive).name
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(archive) as content:
                for member in ("model.safetensors", "card.json"):
                    if content.getinfo(member).file_size > MAX_MODEL_BYTES:
                        raise ModelLockError(f"{member} is larger than 200 MiB: not a model of this app")
                    (Path(folder) / member).write_bytes(content.read(member))
        except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, EOFError):
            raise ModelLockError(f"{name} is no locked model; choose the zip saved in step 2") from None
        try:
            check_backbone(LockCard.load(Path(folder) / "card.json").backbone)
            return LockedModel.load(folder)
        except ModelLockError:  # its text names the temporary folder
            raise ModelLockError(f"{name} is damaged or of another version; save it again") from None
