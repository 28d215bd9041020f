"""LoRA weights of a big editor: an owner's private version of it, as a hand is of the compact one."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import ModelLockError
from .weights_hash import file_hash

SUFFIX = ".safetensors"


def lora_version(lora: str) -> str:
    """SHA-256 of LoRA weights: others of the same name are another key.

    Raises:
        ModelLockError: see `lora_file`.
    """
    file = lora_file(lora)
    stat = file.stat()
    return _version(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _version(file: Path, changed: int, size: int) -> str:
    return file_hash(file)


def lora_file(lora: str) -> Path:
    """The file of LoRA weights, downloaded if need be.

    Args:
        lora: a safetensors file, a folder with one, or a Hub id.

    Raises:
        ModelLockError: there is no such file, or there are several.
    """
    from huggingface_hub import snapshot_download

    try:
        path = Path(lora) if os.path.exists(lora) else Path(snapshot_download(lora, allow_patterns=f"*{SUFFIX}"))
    except (OSError, ValueError) as error:  # the Hub's errors are OSErrors, those of its names ValueErrors
        raise not_loaded(lora, error) from None
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if len(files) != 1 or files[0].suffix != SUFFIX:
        held = "is no safetensors file" if path.is_file() else f"has {len(files)} safetensors files"
        raise ModelLockError(f"the LoRA {lora!r} {held}; give the one file that was trained on this editor")
    return files[0]


def check_takes_lora(pipeline: Any, editor: str) -> None:
    """See that a pipeline can take LoRA weights, before they are fetched.

    Args:
        editor: its name, for errors.

    Raises:
        ModelLockError: it takes none, or the library for them is not there.
    """
    if not hasattr(pipeline, "load_lora_weights"):
        raise ModelLockError(f"the editor {editor!r} takes no LoRA; leave it out")
    if find_spec("peft") is None:
        raise ModelLockError("LoRA weights need the library `peft`; install it: pip install peft")


def load_lora(pipeline: Any, lora: str, editor: str) -> None:
    """Add LoRA weights to a pipeline.

    Args:
        lora: see `lora_file`.
        editor: its name, for errors.

    Raises:
        ModelLockError: there is no such LoRA, or it belongs to another base.
    """
    file = lora_file(lora)
    try:
        pipeline.load_lora_weights(file.parent, weight_name=file.name, use_safetensors=True)
        fits = any(pipeline.get_list_adapters().values())
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        pipeline.unload_lora_weights()
        raise not_loaded(lora, error) from None
    if not fits:  # diffusers only warns
        pipeline.unload_lora_weights()
        raise ModelLockError(f"the LoRA {lora!r} was trained on another base than {editor!r}; nothing of it fits")


def not_loaded(lora: str, error: Exception) -> ModelLockError:
    """The error of LoRA weights that are not there, or don't fit."""
    cause = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return ModelLockError(
        f"the LoRA {lora!r} can't be loaded ({cause}); give a safetensors file that was trained on this editor"
    )
