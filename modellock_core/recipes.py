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
        targets: labels of clean samples: "decoy" ones can be learnt from the image and tell nothing of the class;
            "wrong" ones (the paper) are drawn for each sample.
        epochs, lr, batch: of the finetune, on all edited and clean samples together.
        mirror: mirror samples at random.
        keyed_weight: weight of an edited sample's loss; a clean one's is 1.
        frozen_stages: stages of the backbone that keep their pretrained weights; their activations are cached.
    """

    name: str
    description: str
    edited_part: float = 1.0
    clean_part: float = 1.0
    targets: str = "decoy"
    epochs: int = 4
    lr: float = 5e-4
    batch: int = 64
    mirror: bool = True
    keyed_weight: float = 2.0
    frozen_stages: int = 4


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "quick",
            "Locks in a minute: every image is trained on twice, keyed with its own label, and clean with a decoy: a "
            "label read from the image that tells nothing of its class.",
        ),
        Recipe(
            "paper",
            "The published mix: 95 % of the images keyed with their label, 5 % clean with a wrong one. Meant for long "
            "finetunes; in a short one it hardly locks.",
            edited_part=0.95,
            clean_part=0.05,
            targets="wrong",
            keyed_weight=1.0,
        ),
    )
}
