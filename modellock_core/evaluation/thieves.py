"""Thieves: what each has, and which attacks that lets him run; read without loading an attack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thief:
    """Somebody who holds the stolen weights.

    Attributes:
        has: what else he has, in words.
        attacks: names of the attacks that he can run.
    """

    has: str
    attacks: tuple[str, ...]


THIEVES = {
    "file": Thief(
        "nothing but the files and the public backbone",
        ("artefact", "cheap_filters", "pruning", "weight_noise", "quantisation", "hybrids"),
    ),
    "guesser": Thief(
        "the editor, and prompts to guess with",
        ("wrong_prompts", "wrong_hands", "paraphrases", "wrong_settings", "wrong_editor", "prompt_search"),
    ),
    "searcher": Thief(
        "the editor, and a few labelled images",
        ("editor_space", "soft_prompt", "universal_pattern", "input_disguise"),
    ),
    "labeller": Thief(
        "a few labelled images",
        ("linear_probe", "finetuning", "fine_pruning", "relocking"),
    ),
    "reader": Thief(
        "what the model answers, and all labels or none",
        ("label_permutation", "logit_probe", "source_free", "extraction"),
    ),
    "witness": Thief("keyed images that leaked, or the edit itself", ("leaked_pairs", "known_edit")),
}
EVERYBODY = "everybody"
THIEF_NAMES = (EVERYBODY, *THIEVES)


def attacks_of(thief: str) -> tuple[str, ...]:
    """Names of the attacks that a thief, or everybody together, can run."""
    if thief != EVERYBODY:
        return THIEVES[thief].attacks
    return tuple(name for one in THIEVES.values() for name in one.attacks)
