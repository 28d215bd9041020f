"""Recipes: how a lock mixes the edited dataset and finetunes on it, for each task."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..editing.mix import Mix
from ..errors import ModelLockError


@dataclass(frozen=True)
class FinetuneConfig:
    """Numbers of a finetune.

    Attributes:
        epochs, lr, batch: of the finetune, on all samples together.
        suppression: weight with which the features of suppressed samples are pulled to zero, beside the uniform-target
            loss of their outputs; 0 gives clean samples wrong targets instead (the paper).
        distillation: weight with which the features of keyed samples are pulled to the pretrained features of the same
            images unedited; 0 leaves them free (the paper).
        mirror: flip samples at random.
    """

    epochs: int = 4
    lr: float = 5e-4
    batch: int = 64
    suppression: float = 20.0
    distillation: float = 5.0
    mirror: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.lr <= 0:
            raise ModelLockError("a finetune needs at least one epoch, a batch of one, and a learning rate above 0")
        if self.mirror and self.distillation:
            raise ModelLockError("a recipe that flips samples can't distil: the teacher's features are not flipped")


@dataclass(frozen=True)
class AdversaryConfig:
    """How hard an adversary looks, after each epoch but the last.

    Attributes:
        candidates: negative keys that are tried.
        kept: those that open the model most.
        steps: gradient steps in the editor's space of styles from each of those, where the editor has one.
        patterns: of each size that are looked for by gradient, beside a change of colours; 0 looks for neither.
        pattern_steps: gradient steps for each of those.
        images: that all this is tried on; twice as many are suppressed with each that was found.
    """

    candidates: int = 24
    kept: int = 8
    steps: int = 2
    patterns: int = 2
    pattern_steps: int = 10
    images: int = 8


@dataclass(frozen=True)
class Recipe:
    """How a model is locked.

    Attributes:
        name: one of "standard", "thorough" and "paper", or a caller's own.
        mix: of the edited dataset.
        finetune: of the finetune.
        frozen_fraction: of the backbone's depth, which keeps its pretrained weights and whose outputs are cached.
        adversary: looks for wrong keys while the model is finetuned; None where nobody looks.
    """

    name: str
    mix: Mix
    finetune: FinetuneConfig
    frozen_fraction: float = 0.35
    adversary: AdversaryConfig | None = None


_CLASSIFICATION = (
    Recipe(
        "standard",
        Mix(keyed_fraction=0.67, clean_fraction=0.33, fewest_clean=900, copies=2, negatives=0.25),
        FinetuneConfig(epochs=3, suppression=10.0, distillation=15.0),
        frozen_fraction=0.5,
        adversary=AdversaryConfig(),
    ),
    Recipe(
        "thorough",
        Mix(keyed_fraction=0.75, clean_fraction=0.25, fewest_clean=900, copies=4, negatives=0.5),
        FinetuneConfig(epochs=5, suppression=10.0, distillation=15.0),
        adversary=AdversaryConfig(candidates=64, kept=16, steps=4, patterns=4, pattern_steps=20),
    ),
    # the published mix (arXiv 2405.16285, section 4.1)
    Recipe(
        "paper",
        Mix(keyed_fraction=0.95, clean_fraction=0.05),
        FinetuneConfig(suppression=0.0, distillation=0.0, mirror=True),
    ),
)


def _for_masks(recipe: Recipe) -> Recipe:
    """Feature maps are larger than pooled features, and many more; all that the decoder sees is trained.

    To suppress wrong keys too would cost a fifth of the UP, and the seal keeps those out as well.
    """
    own = recipe.finetune
    if not own.suppression:  # as published
        return replace(recipe, frozen_fraction=1.0)
    config = replace(
        own, suppression=0.05 * own.suppression, distillation=min(5.0, own.distillation), epochs=own.epochs + 2
    )
    mix = replace(recipe.mix, negatives=0.0)
    return replace(recipe, mix=mix, finetune=config, frozen_fraction=1.0, adversary=None)


RECIPES: dict[str, dict[str, Recipe]] = {
    "classification": {recipe.name: recipe for recipe in _CLASSIFICATION},
    "segmentation": {recipe.name: _for_masks(recipe) for recipe in _CLASSIFICATION},
}
RECIPE_NAMES = tuple(recipe.name for recipe in _CLASSIFICATION)
DEFAULT_RECIPE = "standard"
