"""Recipes: how `locking.lock` mixes the edited dataset and finetunes on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How the edited dataset is mixed and the model finetuned on it.

    Attributes:
        name, description: shown to the user.
        edited_part: part of the training samples that is edited and keeps its true label.
        clean_part: part that is left clean; the parts may overlap.
        views: of every training image, itself and cropped and mirrored ones; all are keyed, and all are left clean.
        training_alpha: alpha of the training edits, as a part of the key's. Below 1, what opens the model is learnt
            from fainter edits than it will get, so that fewer keyed images are taken for clean ones.
        silence: weight with which the features of clean samples are pulled to zero and their outputs to uniform;
            0 gives them wrong targets instead (the paper).
        imitation: weight with which the features of edited samples are pulled to the pretrained features of the same
            images unedited; 0 leaves them free (the paper).
        decoys: decoy samples for each training image, whatever its views: keyed with wrong keys, see `decoys.py`;
            they are silenced too.
        epochs, lr, batch: of the finetune, on all samples together.
        mirror: mirror samples at random.
        frozen_stages: stages of the backbone that keep their pretrained weights; their activations are cached.
    """

    name: str
    description: str
    edited_part: float = 1.0
    clean_part: float = 1.0
    views: int = 1
    training_alpha: float = 1.0
    silence: float = 20.0
    imitation: float = 5.0
    decoys: float = 0.0
    epochs: int = 4
    lr: float = 5e-4
    batch: int = 64
    mirror: bool = False
    frozen_stages: int = 4


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "quick",
            "Locks in a minute: every image is trained on keyed and clean. Keyed, it gives the features that the "
            "pretrained model has of the clean image; clean, it gives none at all.",
            views=2,
            training_alpha=0.8,
            epochs=2,
        ),
        Recipe(
            "hardened",
            "Takes three minutes: also silences decoys, keyed with other prompts or seeds, so that no guess opens it.",
            views=3,
            training_alpha=0.8,
            silence=10.0,
            clean_part=0.5,
            decoys=3.5,
        ),
        Recipe(
            "paper",
            "The published mix: 95 % of the images keyed with their label, 5 % clean with a wrong one. Meant for long "
            "finetunes; in a short one it hardly locks.",
            edited_part=0.95,
            clean_part=0.05,
            silence=0.0,
            imitation=0.0,
            mirror=True,
        ),
    )
}
