"""Key files to download: each under a random name in its visitor's folder, never in a cache that visitors share."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from .process_folder import process_folder
from .sessions import KEYS, session_folder

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Key

NAME = "locked-model.key.json"


def serve_key_files() -> None:
    """Let Gradio serve key files from where they lie, without a copy of its own."""
    folder = process_folder() / KEYS
    folder.mkdir(exist_ok=True)
    gr.set_static_paths(folder)


def keep_key(key: Key, request: gr.Request) -> Path:
    """The key as a file that its visitor can download until he leaves; those before it stay."""
    file = session_folder(request, KEYS) / secrets.token_urlsafe(24) / NAME
    key.save(file)
    return file


def forget_other_keys(kept: Path) -> None:
    """Remove the visitor's keys of models that are no more."""
    for other in kept.parent.parent.iterdir():
        if other != kept.parent:
            shutil.rmtree(other, ignore_errors=True)


def key_file(request: gr.Request) -> Path | None:
    """The visitor's newest key file, if there is one."""
    files = session_folder(request, KEYS).glob(f"*/{NAME}")
    return max(files, key=lambda file: file.stat().st_mtime, default=None)
