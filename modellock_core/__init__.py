"""ModelLock: lock a finetuned vision model with a text prompt (arXiv 2405.16285).

    >>> from modellock_core import Key, load_dataset, lock, new_hand
    >>> key = Key.create("in the style of Van Gogh", hand=new_hand())
    >>> locked = lock(load_dataset("toybox"), key).result()  # or iterate over it for its progress
    >>> locked.key.save("locked.key.json"), locked.model.save("locked", locked.key)

The folders are the pipe, in this order: data, editing, models, locking, evaluation. Names are loaded when they are
first used, so importing the package is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.dataset import Dataset as Dataset
    from .data.dataset import Split as Split
    from .data.sources import load_dataset as load_dataset
    from .editing.catalogue import CATALOGUE as CATALOGUE
    from .editing.catalogue import KeyPrompt as KeyPrompt
    from .editing.designer import design as design
    from .editing.editors import load_editor as load_editor
    from .editing.editors import style_of as style_of
    from .editing.editors.compact_pipeline import CompactEditPipeline as CompactEditPipeline
    from .editing.editors.key_secrets import new_hand as new_hand
    from .editing.key import Key as Key
    from .editing.key import apply_key as apply_key
    from .errors import ModelLockError as ModelLockError
    from .evaluation.attacks import run_attacks as run_attacks
    from .evaluation.performance import evaluate as evaluate
    from .evaluation.verification import verify as verify
    from .locking.baseline import baseline as baseline
    from .locking.keyed_model import KeyedModel as KeyedModel
    from .locking.lock import Lock as Lock
    from .locking.lock import lock as lock
    from .locking.locked_model import LockedModel as LockedModel
    from .locking.recipe import RECIPES as RECIPES
    from .locking.recipe import Recipe as Recipe
    from .models.backbones import load_backbone as load_backbone
    from .work import Progress as Progress
    from .work import Work as Work

_HOMES = {
    "CATALOGUE": "editing.catalogue",
    "CompactEditPipeline": "editing.editors.compact_pipeline",
    "Dataset": "data.dataset",
    "Key": "editing.key",
    "KeyedModel": "locking.keyed_model",
    "KeyPrompt": "editing.catalogue",
    "Lock": "locking.lock",
    "LockedModel": "locking.locked_model",
    "ModelLockError": "errors",
    "Progress": "work",
    "RECIPES": "locking.recipe",
    "Recipe": "locking.recipe",
    "Split": "data.dataset",
    "Work": "work",
    "apply_key": "editing.key",
    "baseline": "locking.baseline",
    "design": "editing.designer",
    "evaluate": "evaluation.performance",
    "verify": "evaluation.verification",
    "load_backbone": "models.backbones",
    "load_dataset": "data.sources",
    "load_editor": "editing.editors",
    "lock": "locking.lock",
    "new_hand": "editing.editors.key_secrets",
    "run_attacks": "evaluation.attacks",
    "style_of": "editing.editors",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
