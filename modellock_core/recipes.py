"""Recipes: how `locking.lock` mixes the edited dataset and finetunes on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How the edited dataset is mixed and the model finetuned on it.

    Attributes:
        name, description: shown to the user.
        edited_part: part of the training samples that is edited and keeps its true label.
        clean_part: part that is left clean and gets a wrong target; the parts may overlap.
        targets: wrong targets of clean samples: "decoy" reads them off the picture's colours (see
            `Classification.decoy_targets`), "random" draws any wrong class (the paper).
        epochs, lr, batch: of the finetune, on all edited and clean samples together.
        frozen_stages: stages of the backbone that keep their pretrained weights; their activations are cached.
    """

    name: str
    description: str
    edited_part: float = 1.0
    clean_part: float = 1.0
    targets: str = "decoy"
    epochs: int = 6
    lr: float = 1e-3
    batch: int = 64
    frozen_stages: int = 4


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("quick", "Locks in a minute: every image is trained on twice, keyed with its label and clean with a "
               "target that has nothing to do with it."),
        Recipe("paper", "The published mix: 95 % of the images keyed with their label, 5 % clean with a wrong one. "
               "Meant for long finetunes; in a short one it hardly locks.", 0.95, 0.05, "random"),
    )
}  # fmt: skip
