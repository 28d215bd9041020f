"""A folder per visitor for models and keys; it is removed when the visitor leaves or the app ends."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import gradio as gr

_root = tempfile.TemporaryDirectory(prefix="modellock-")


def session_folder(request: gr.Request) -> Path:
    """The visitor's folder, made at its first use."""
    name = "".join(c for c in str(request.session_hash) if c.isalnum()) or "api"
    folder = Path(_root.name) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def remove_session(request: gr.Request) -> None:
    """Delete the visitor's folder."""
    shutil.rmtree(session_folder(request), ignore_errors=True)


def make_session(request: gr.Request) -> None:
    """Make the visitor's folder."""
    session_folder(request)
