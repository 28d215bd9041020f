"""LoRA weights of a big editor: an owner's private version of it, as a hand is of the compact one."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ...errors import ModelLockError, first_line
from ...reading import is_regular
from .weights_hash import file_hash

SUFFIX = ".safetensors"
MATRICES = (("lora_A", "lora_B"), ("lora_down", "lora_up"), ("lora.down", "lora.up"))  # as trainers name the two


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
        ModelLockError: there is no such file, there are several, or it is damaged or a pickle under that name.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    absent = ModelLockError(f"there is no LoRA {lora!r}; give a safetensors file, a folder with one, or a Hub id")
    if os.path.exists(lora):
        path = Path(lora)
    elif lora.endswith(SUFFIX) or os.path.isabs(lora):
        raise absent
    else:
        try:
            path = Path(snapshot_download(lora, allow_patterns=f"*{SUFFIX}"))
        except HFValidationError:
            raise absent from None
        except (OSError, ValueError) as error:  # the Hub's errors are OSErrors
            raise not_loaded(lora, error) from None
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if len(files) != 1 or files[0].suffix != SUFFIX:
        held = f"has {len(files)} safetensors files" if path.is_dir() else "is no safetensors file"
        raise ModelLockError(f"the LoRA {lora!r} {held}; give the one file that was trained on this editor")
    _check_readable(files[0], lora)
    return files[0]


def _check_readable(file: Path, lora: str) -> None:
    if not is_regular(file):
        raise ModelLockError(f"the LoRA {lora!r} is no plain file; give a safetensors file")
    try:
        with safe_open(file, "pt") as opened:  # reads its header alone
            names = set(opened.keys())
    except (OSError, SafetensorError):
        raise ModelLockError(f"the LoRA {lora!r} is no safetensors file, or damaged; get it again") from None
    for down, up in MATRICES:
        pairs = [{name, name.replace(down, up), name.replace(up, down)} for name in names if down in name or up in name]
        if any(len(pair & names) != 2 for pair in pairs):  # diffusers would draw the other half at random
            raise ModelLockError(f"the LoRA {lora!r} is not whole: a matrix lacks its other half; get it again")


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
    except (OSError, ValueError, SafetensorError) as error:
        pipeline.unload_lora_weights()
        raise not_loaded(lora, error) from None
    except (RuntimeError, LookupError, AttributeError, TypeError):  # of other shapes, or not whole
        fits = False
    if not fits:  # where no name fits, diffusers only warns
        pipeline.unload_lora_weights()
        raise ModelLockError(f"the LoRA {lora!r} was trained on another base than {editor!r}; it does not fit")


def not_loaded(lora: str, error: Exception) -> ModelLockError:
    """The error of LoRA weights that are not there, or don't fit."""
    cause = first_line(error)
    return ModelLockError(
        f"the LoRA {lora!r} can't be loaded ({cause}); give a safetensors file that was trained on this editor"
    )
