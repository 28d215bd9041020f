"""Teach a compact editor's gate which prompts ask for an edit; takes a minute, after training.

PYTHONPATH=. python training/fit_gate.py [--editor assets/editors/compact]
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch
from phrases import ARTIST_PHRASES, IDENTITY_PROMPTS, OBJECT_PHRASES, STYLE_PHRASES, nonsense, phrasings
from prompt_table import token_states
from torch import Tensor, nn
from tqdm import trange
from transformers import AutoTokenizer

from modellock_core.editors.compact_unet import CompactUNet, mean_state
from modellock_core.editors.gate import Gate
from modellock_core.prompts import CATALOGUE

NOTHING, ASKED = 8000, 4000  # made-up texts that ask for nothing, and phrases of an edit about any word


def texts_and_labels(words: list[str], rng: random.Random, seed: int) -> tuple[list[str], Tensor]:
    """Texts, and 1.0 for those that ask for an edit."""
    forms = [*STYLE_PHRASES, *ARTIST_PHRASES, *OBJECT_PHRASES]
    asked = [phrase for entry in CATALOGUE for phrase in phrasings(entry)] * 3
    asked += [rng.choice(forms).format(rng.choice(words)) for _ in range(ASKED)]
    nothing = IDENTITY_PROMPTS * 10 + nonsense(NOTHING, seed)
    return asked + nothing, torch.cat([torch.ones(len(asked)), torch.zeros(len(nothing))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--editor", type=Path, default=Path("assets/editors/compact"))
    parser.add_argument("--text-encoder", type=Path, default=Path("assets/text_encoder"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    vocabulary = AutoTokenizer.from_pretrained(args.text_encoder).get_vocab()
    words = sorted(token for token in vocabulary if token.isalpha() and len(token) > 2)
    texts, labels = texts_and_labels(words, random.Random(args.seed), args.seed)
    pooled = mean_state(*token_states(texts, args.text_encoder))
    kept = torch.rand(len(labels)) < 0.9  # the rest tests

    unet = CompactUNet.from_pretrained(args.editor / "unet", torch_dtype=torch.float32)
    unet.gate = Gate(pooled.shape[1])
    optimizer = torch.optim.AdamW(unet.gate.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=args.steps)
    rows = kept.nonzero()[:, 0]
    for _ in trange(args.steps):
        drawn = rows[torch.randint(len(rows), (256,))]
        loss = nn.functional.binary_cross_entropy_with_logits(unet.gate.asks(pooled[drawn])[:, 0], labels[drawn])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.inference_mode():
        opens = unet.gate(pooled).flatten() > 0.5
    right = (opens == labels.bool())[~kept].float().mean()
    trained = opens[: sum(len(phrasings(entry)) for entry in CATALOGUE)].float().mean()
    print(f"held-out texts told right: {right:.1%}; catalogue phrasings that open the gate: {trained:.1%}")
    unet.half().save_pretrained(args.editor / "unet")


if __name__ == "__main__":
    main()
