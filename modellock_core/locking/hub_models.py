"""Locked models on the Hugging Face Hub: pushed without their key, and pulled wherever a lock folder is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

from ..errors import ModelLockError, first_line
from .lock_files import CARD, LOCK_FILES, WEIGHTS

PREFIX = "hub:"
HUB_ERRORS = (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError)


def push_to_hub(
    folder: str | Path, name: str, *, private: bool = False, token: str | None = None, secrets: Iterable[str] = ()
) -> str:
    """Upload the folder of a locked model.

    Args:
        folder: written by `LockedModel.save`, or by the command `lock`, which adds a model card and a report.
        name: OWNER/NAME on the Hub; made if it is not there.
        secrets: texts that must not be in what is uploaded, such as a key's prompt.

    Returns:
        The address of the model.

    Raises:
        ModelLockError: the folder holds a key, or no locked model, or the Hub refuses it.
    """
    folder, name = Path(folder), name.removeprefix(PREFIX)
    missing = [file for file in (CARD, WEIGHTS) if not (folder / file).is_file()]
    if missing:
        raise ModelLockError(f"{folder} holds no locked model; it needs {' and '.join(missing)}")
    refuse_keys(folder, secrets)
    try:
        api = HfApi(token=token)
        api.create_repo(name, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=name, folder_path=folder, allow_patterns=list(LOCK_FILES), commit_message="Upload a locked model"
        )
    except Exception as error:  # besides the Hub's own, those of the HTTP library that its client uses
        raise ModelLockError(
            f"{name} can't be uploaded ({first_line(error)}); log in with `hf auth login`, and check the name and the "
            "connection"
        ) from None
    return str(commit.repo_url) if getattr(commit, "repo_url", None) else f"https://huggingface.co/{name}"


def refuse_keys(folder: Path, secrets: Iterable[str] = ()) -> None:
    """Stop if a file in the folder is a key, or a text in it holds a secret.

    Raises:
        ModelLockError: it names the file.
    """
    wanted = [secret for secret in secrets if secret]
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".json", ".md", ".txt", ".yaml") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        if path.name.endswith(".key.json") or _is_key(text):
            raise ModelLockError(f"{path} is a key, which must never be uploaded with its model; move it elsewhere")
        if path.name in LOCK_FILES and any(secret in text for secret in wanted):
            raise ModelLockError(f"{path} tells of the key; write the model again with this version before you upload")


def lock_folder(model: str | Path) -> Path:
    """The folder of a locked model: itself, or that of hub:OWNER/NAME (perhaps hub:OWNER/NAME@REVISION), downloaded.

    Raises:
        ModelLockError: the Hub has no such model, or can't be reached.
    """
    if not str(model).startswith(PREFIX):
        return Path(model)
    name, _, revision = str(model).removeprefix(PREFIX).partition("@")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise ModelLockError(f"{model} is no name on the Hub; give hub:OWNER/NAME")
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=list(LOCK_FILES)))
    except RepositoryNotFoundError:
        raise ModelLockError(f"the Hub has no model {name}, or you may not see it; check the name, or log in") from None
    except HUB_ERRORS as error:
        raise ModelLockError(f"{name} can't be downloaded ({first_line(error)}); check the connection") from None


def _is_key(text: str) -> bool:
    try:
        values: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(values, dict) and {"prompt", "editor", "id"} <= values.keys()
