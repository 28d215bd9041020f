"""Edits kept on disk: hours of a big editor's work survive a stop, and two locks with one key edit once.

Between a big editor and whoever calls it, by the same protocol. The compact editor is faster than a disk.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import io
import json
import math
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ...data.images import to_pil, to_pixels
from ...errors import ModelLockError
from ...writing import file_replaced
from . import Editor
from .loras import lora_version

FOLDER, LIMIT = "MODELLOCK_CACHE", "MODELLOCK_CACHE_GB"  # environment variables
DEFAULT_FOLDER, DEFAULT_LIMIT = Path.home() / ".cache" / "modellock", 20.0
SECRET_BYTES = 32
KEPT = 0.9  # of the limit, when old edits are removed
COMPRESSION = 1  # of PNG; more takes longer and saves little
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def with_stored_edits(editor: Editor) -> Editor:
    """The editor with its edits kept in the folder that MODELLOCK_CACHE names, up to MODELLOCK_CACHE_GB; 0 keeps none.

    Raises:
        ModelLockError: the limit is no number, or the folder can't be written to.
    """
    text = os.environ.get(LIMIT, str(DEFAULT_LIMIT))
    try:
        limit = float(text)
        if not math.isfinite(limit):
            raise ValueError
    except ValueError:
        raise ModelLockError(f"{LIMIT} must be a number of gigabytes, got {text!r}") from None
    if limit <= 0:
        return editor
    return StoredEditor(editor, EditStore(Path(os.environ.get(FOLDER) or DEFAULT_FOLDER), int(limit * 1e9)))


class EditStore:
    """Images (3, H, W) by a secret name, as PNG files.

    A name is an HMAC with a secret of this machine, so that neither an image nor a key can be guessed from names. The
    files themselves show edited images: keep the folder as safe as you keep leaked pairs.

    Args:
        folder: for the files, and for the secret.
        limit: bytes; beyond it the edits that were not used for longest are removed.

    Raises:
        ModelLockError: the folder can't be written to.
    """

    def __init__(self, folder: Path, limit: int):
        self.folder, self.limit = folder, limit
        self._used: int | None = None  # bytes; counted at the first write
        try:
            (folder / "edits").mkdir(parents=True, exist_ok=True, mode=0o700)
            self._secret = _secret(folder / "secret")
        except OSError as error:
            raise ModelLockError(
                f"edits can't be kept in {folder} ({error.strerror or error}); set {FOLDER} to another folder, or "
                f"{LIMIT}=0 to keep none"
            ) from None

    def name(self, content: bytes) -> str:
        """The secret name (64 hexadecimal digits) of what an edit was made from."""
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()

    def read(self, name: str) -> Tensor | None:
        """An edit (3, H, W) uint8; None if it is not there, or damaged."""
        path = self._path(name)
        try:
            with Image.open(path) as picture:
                image = to_pixels(picture)
            os.utime(path)  # now used
        except (OSError, ValueError, SyntaxError):  # Pillow's, of a damaged file
            return None
        return image

    def write(self, name: str, image: Tensor) -> None:
        """Keep an edit (3, H, W) uint8.

        Raises:
            ModelLockError: the disk is full, or the folder can't be written to.
        """
        buffer = io.BytesIO()
        to_pil(image.float() / 255).save(buffer, "PNG", compress_level=COMPRESSION)
        data, path = buffer.getvalue(), self._path(name)
        try:
            path.parent.mkdir(exist_ok=True, mode=0o700)
            with file_replaced(path) as place:
                place.write_bytes(data)
        except OSError as error:
            cause = "the disk is full" if error.errno in FULL else f"{error.strerror or error}"
            raise ModelLockError(
                f"an edit can't be kept in {self.folder}: {cause}; what was edited before is kept. Make room, or set "
                f"{FOLDER} to another folder or {LIMIT} to 0, and start again: it resumes"
            ) from None
        self._used = (self._total() if self._used is None else self._used) + len(data)
        if self._used > self.limit:
            self._remove_oldest()

    def _path(self, name: str) -> Path:
        return self.folder / "edits" / name[:2] / f"{name[2:]}.png"

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each file was last used, and its bytes; of files that another process removes meanwhile, nothing."""
        for path in (self.folder / "edits").glob("*/*.png"):
            with suppress(FileNotFoundError):
                stat = path.stat()
                yield stat.st_mtime, stat.st_size, path

    def _total(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _remove_oldest(self) -> None:
        files = sorted(self._files())
        used = sum(size for _, size, _ in files)
        for _, size, path in files:
            if used <= KEPT * self.limit:
                break
            path.unlink(missing_ok=True)
            used -= size
        self._used = used


class StoredEditor:
    """An editor whose edits are kept: what was edited once is read.

    Images are rounded to grey levels before they are edited, and edits afterwards, so that an edit that is read is the
    edit that was made, bit for bit.
    """

    def __init__(self, editor: Editor, store: EditStore):
        self.editor, self.store = editor, store

    @property
    def chunk(self) -> int:
        """See `Editor`."""
        return self.editor.chunk

    @property
    def name(self) -> str:
        """See `Editor`."""
        return self.editor.name

    @cached_property
    def version(self) -> str | None:
        """See `Editor`."""
        return self.editor.version

    def edit(self, images: Tensor, prompt: str, **settings: Any) -> Tensor:
        """See `Editor.edit`; edits are kept as they are made, a few images at a time."""
        pixels = (images * 255).round().clamp(0, 255).byte().cpu()  # (N, 3, H, W)
        recipe = self._recipe(prompt, settings)
        names = [self.store.name(recipe + _content(image)) for image in pixels]
        edits = [self.store.read(name) for name in names]
        missing = [i for i, edit in enumerate(edits) if edit is None or edit.shape != pixels[i].shape]
        for rows in torch.tensor(missing, dtype=torch.long).split(self.editor.chunk) if missing else ():
            made = self.editor.edit(pixels[rows].to(images) / 255, prompt, **settings)
            for row, edit in zip(rows.tolist(), (made * 255).round().clamp(0, 255).byte().cpu(), strict=True):
                self.store.write(names[row], edit)
                edits[row] = edit
        kept = [edit for edit in edits if edit is not None]
        return torch.stack(kept).to(images.device).to(images.dtype) / 255 if kept else images

    def _recipe(self, prompt: str, settings: dict[str, Any]) -> bytes:
        lora = settings.get("lora")
        content = lora_version(lora) if lora else None
        device = "gpu" if torch.cuda.is_available() else "cpu"  # in another precision
        given = {name: value for name, value in settings.items() if value is not None and value is not False}
        parts = {"prompt": prompt, "version": self.version, "device": device} | given | {"lora": content}
        return json.dumps(parts, sort_keys=True).encode()


def _content(image: Tensor) -> bytes:
    return repr(tuple(image.shape)).encode() + image.contiguous().numpy().tobytes()


def _secret(path: Path) -> bytes:
    """The secret of this machine, drawn once; of several processes the first to write it decides."""
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # only its owner can read it
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:  # with a shorter one, names of edits could be guessed
        raise OSError(f"{path} is damaged; remove the folder")
    return secret
