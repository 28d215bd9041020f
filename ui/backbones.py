"""Which backbones a visitor may name: on a page for others, no folder of the server."""

from __future__ import annotations

import os

from modellock_core.errors import ModelLockError

LOCAL = ("127.0.0.1", "localhost", "::1")


def is_public() -> bool:
    """Whether others than the machine's owner may see the page."""
    return "SPACE_ID" in os.environ or os.environ.get("GRADIO_SERVER_NAME", LOCAL[0]) not in LOCAL


def check_backbone(name: str) -> str:
    """The name itself.

    Raises:
        ModelLockError: it is a folder of the server, and the page is public.
    """
    if is_public() and os.path.exists(name.partition(":")[2] or name):
        raise ModelLockError(f"{name!r} is a folder of this server; give timm:NAME or transformers:NAME")
    return name
