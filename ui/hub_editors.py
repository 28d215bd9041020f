"""Which editors of the Hub are on offer: those that this machine can run. They are loaded at their first use."""

from __future__ import annotations

from huggingface_hub import is_offline_mode, try_to_load_from_cache

from modellock_core.editing.editors import INSTRUCT_PIX2PIX, bundled_editors

from .zero_gpu import IS_ZERO_GPU

SD_TURBO = "stabilityai/sd-turbo+madebyollin/taesd"  # with a tiny VAE; two steps an edit
WITH_A_GPU, WITHOUT = (INSTRUCT_PIX2PIX,), (SD_TURBO,)


def hub_editors() -> list[str]:
    """Editors of the Hub that this machine runs in reasonable time, and can get."""
    from modellock_core.devices import best_device

    runnable = WITH_A_GPU if IS_ZERO_GPU or best_device().type == "cuda" else WITHOUT
    return [name for name in runnable if _is_cached(name) or not is_offline_mode()]


def load_offered(name: str) -> None:
    """Get an editor of the Hub now if it is on offer: until its files are here, nothing is known of its settings."""
    from modellock_core import load_editor

    if name not in bundled_editors() and name in hub_editors():
        load_editor(name)


def _is_cached(name: str) -> bool:
    pipeline, _, _ = name.partition("+")
    return isinstance(try_to_load_from_cache(pipeline, "model_index.json"), str)
