"""Token states of prompts, as the editors see them: computed once, before a training."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from phrases import IDENTITY_PROMPTS, nonsense, phrasings
from teachers import CUTOUTS, FILTERS, NEURAL_STYLES
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from modellock_core.prompts import CATALOGUE, article


def token_states(texts: list[str], folder: Path) -> tuple[Tensor, Tensor]:
    """States (N, T, text_dim) of the bundled text encoder in `folder`, and their mask (N, T) bool."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoder = AutoModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False)
    batch = tokenizer(texts, padding=True, truncation=True, max_length=32, return_tensors="pt")
    chunks = zip(batch["input_ids"].split(256), batch["attention_mask"].split(256), strict=True)
    with torch.no_grad():
        states = torch.cat([encoder(ids, attention_mask=mask).last_hidden_state for ids, mask in chunks])
    return states, batch["attention_mask"].bool()


class PromptTable:
    """Token states of every phrasing, computed once."""

    def __init__(self, folder: Path):
        self.of = {entry.name: phrasings(entry) for entry in CATALOGUE if entry.trained}
        self.of[""] = IDENTITY_PROMPTS + nonsense(600)
        prompt = {entry.name: entry.prompt for entry in CATALOGUE}
        for style in (*NEURAL_STYLES, *FILTERS):
            for thing in CUTOUTS:
                self.of[f"{style} + {thing}"] = [
                    f"{prompt[style]} with {article(thing)} {thing}",
                    f"{style} with {article(thing)} {thing} in the background",
                ]
        texts = sorted({text for options in self.of.values() for text in options})
        self.index = {text: i for i, text in enumerate(texts)}
        self.states, self.mask = token_states(texts, folder)  # (P, T, 384), (P, T)

    def draw(self, name: str, rng: random.Random) -> int:
        """An index of a phrasing of a catalogue entry; often the entry's own prompt."""
        options = self.of[name]
        return self.index[options[0] if rng.random() < 0.35 else rng.choice(options)]
