"""A locked model as the one zip file in which it is downloaded and opened again."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from modellock_core.errors import ModelLockError

from .backbones import check_backbone

if TYPE_CHECKING:  # it loads torch
    from modellock_core import LockedModel

MAX_MODEL_BYTES = 200 * 2**20


def zipped(folder: Path) -> Path:
    """A saved model as the file that is downloaded; it lies beside the folder."""
    archive = folder.with_name("locked-model.zip")
    # a board without a clock writes files of 1970, for which a zip has no number
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as content:
        for file in sorted(folder.iterdir()):
            content.write(file, file.name)
    return archive


def open_zipped(archive: str | Path, name: str | None = None) -> LockedModel:
    """The model of a zip file.

    Args:
        name: what an error calls the file.

    Raises:
        ModelLockError: it is no zip file of a locked model, is damaged, or is too large.
    """
    from modellock_core import LockedModel
    from modellock_core.data.archives import ZIP_ERRORS
    from modellock_core.locking.card import LockCard

    name = name or Path(archive).name
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(archive) as content:
                for member in ("model.safetensors", "card.json"):
                    if content.getinfo(member).file_size > MAX_MODEL_BYTES:
                        raise ModelLockError(f"{member} is larger than 200 MiB: not a model of this app")
                    (Path(folder) / member).write_bytes(content.read(member))
        except ModelLockError:
            raise
        except (*ZIP_ERRORS, KeyError):
            raise ModelLockError(f"{name} is no locked model; choose the zip saved in step 2") from None
        try:
            check_backbone(LockCard.load(Path(folder) / "card.json").backbone)
            return LockedModel.load(folder)
        except ModelLockError:  # its text names the temporary folder
            raise ModelLockError(f"{name} is damaged or of another version; save it again") from None
