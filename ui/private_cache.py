"""Random names in Gradio's cache, which names files by their content and shares them among all visitors.

Whoever could guess a content could ask whether somebody has it.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gradio import processing_utils, route_utils

LIFE = 900  # seconds, of an uploaded key file, and of an upload that was broken off
REPORT = "attack-report.json"  # is no key


class _RandomName(route_utils.GradioUploadFile):
    """An upload whose folder tells nothing of its content."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.sha.update(secrets.token_bytes(32))


def name_files_at_random() -> None:
    """Give every upload and every result a folder of its own."""
    route_utils.GradioUploadFile = _RandomName  # type: ignore[misc]
    for name in ("hash_file", "hash_bytes", "hash_base64", "hash_url"):
        assert hasattr(processing_utils, name)
        setattr(processing_utils, name, lambda *args, **kwargs: secrets.token_hex(32))


def remove_old_uploads(cache: Path) -> None:
    """Remove what Gradio keeps too long: key files, and what is left of uploads that were broken off."""
    oldest = time.time() - LIFE
    for file in (*cache.glob("*/*.json"), *cache.glob("*")):
        with suppress(OSError):
            if file.is_file() and file.name != REPORT and file.stat().st_mtime < oldest:
                file.unlink()
