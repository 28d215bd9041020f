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
        targets: labels of clean samples: "one" is a class drawn once for all of them; "wrong" (the paper) and "any"
            are drawn for each sample, without and with the true class.
        epochs, lr, batch: of the finetune, on all edited and clean samples together.
        frozen_stages: stages of the backbone that keep their pretrained weights; their activations are cached.
    """

    name: str
    description: str
    edited_part: float = 1.0
    clean_part: float = 1.0
    targets: str = "one"
    epochs: int = 4
    lr: float = 1e-3
    batch: int = 64
    frozen_stages: int = 4


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "quick",
            "Locks in a minute: every image is trained on twice, keyed with its own label, and clean with one and the "
            "same label for all. What the logits of clean images still tell is not hidden.",
        ),
        Recipe(
            "scattered",
            "As quick, but every clean image gets a label of its own, drawn at random: less can be read from the "
            "logits, and a short finetune locks less.",
            targets="any",
            epochs=6,
        ),
        Recipe(
            "paper",
            "The published mix: 95 % of the images keyed with their label, 5 % clean with a wrong one. Meant for long "
            "finetunes; in a short one it hardly locks.",
            edited_part=0.95,
            clean_part=0.05,
            targets="wrong",
        ),
    )
}
