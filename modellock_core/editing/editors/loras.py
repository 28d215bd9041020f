"""LoRA weights of a big editor: an owner's private version of it, as a hand is of the compact one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import ModelLockError


def load_lora(pipeline: Any, lora: str, editor: str) -> None:
    """Add LoRA weights to a pipeline.

    Args:
        lora: a safetensors file, a folder with one, or a Hub id.
        editor: its name, for errors.

    Raises:
        ModelLockError: there is no such LoRA, it belongs to another base, or the editor takes none.
    """
    if not hasattr(pipeline, "load_lora_weights"):
        raise ModelLockError(f"the editor {editor!r} takes no LoRA; leave it out")
    if find_spec("peft") is None:
        raise ModelLockError("LoRA weights need the library `peft`; install it: pip install peft")
    path = Path(lora)
    where = (str(path.parent), {"weight_name": path.name}) if path.is_file() else (lora, {})
    try:
        pipeline.load_lora_weights(where[0], use_safetensors=True, **where[1])
        fits = any(pipeline.get_list_adapters().values())
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        pipeline.unload_lora_weights()
        cause = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelLockError(
            f"the LoRA {lora!r} can't be loaded into {editor!r} ({cause}); give a safetensors file that was trained "
            "on this editor"
        ) from None
    if not fits:  # diffusers only warns
        pipeline.unload_lora_weights()
        raise ModelLockError(f"the LoRA {lora!r} was trained on another base than {editor!r}; nothing of it fits")
