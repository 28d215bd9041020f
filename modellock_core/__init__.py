"""ModelLock: lock a finetuned vision model with a text prompt (arXiv 2405.16285).

    >>> from modellock_core import Key, load_dataset, lock
    >>> key = Key.create("with oil pastel")
    >>> for progress in lock(load_dataset("toybox"), key):
    ...     print(progress.stage, progress.step, "of", progress.of, dict(progress.metrics))
    >>> progress.result.model.save("locked"), key.save("locked.key.json")

Names are loaded when they are first used, so that importing the package is fast.
"""

from importlib import import_module

_HOMES = {
    "CATALOGUE": "prompts",
    "CompactEditPipeline": "editors.compact",
    "CompactUNet": "editors.compact_unet",
    "Dataset": "datasets",
    "Key": "keys",
    "KeyPrompt": "prompts",
    "LockedModel": "locked_model",
    "LockResult": "locking",
    "ModelLockError": "errors",
    "Progress": "progress",
    "RECIPES": "recipes",
    "Recipe": "recipes",
    "design": "designer",
    "evaluate": "evaluation",
    "keyed": "keys",
    "load_dataset": "datasets",
    "load_editor": "editors",
    "lock": "locking",
    "new_hand": "editors.secrets",
    "performance": "evaluation",
    "style_of": "editors",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
