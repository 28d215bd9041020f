"""Decoys: images that look keyed and are not, to lock the model against wrong keys too.

Called by `locking.py`; the attacks measure wrong prompts that are no decoys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from .editors import Editor
from .evaluation import EDIT_CHUNK
from .keys import Key, keyed
from .prompts import CATALOGUE

# every second prompt: fixed, so that a model's decoys tell nothing of its key
DECOY_PROMPTS = tuple(entry.prompt for entry in CATALOGUE if entry.trained)[::2]
STRENGTHS = (0.6, 1.0, 1.4)  # of the key's alpha


def wrong_keys(key: Key, generator: torch.Generator) -> list[Key]:
    """The key with every decoy prompt but its own, the alpha a little off at random."""
    prompts = [prompt for prompt in DECOY_PROMPTS if prompt.casefold() != key.prompt.strip().casefold()]
    drawn = torch.randint(len(STRENGTHS), (len(prompts),), generator=generator).tolist()
    return [
        replace(key, prompt=prompt, alpha=min(1.0, key.alpha * STRENGTHS[i]))
        for prompt, i in zip(prompts, drawn, strict=True)
    ]


def decoy_chunks(images: Tensor, key: Key, editor: Editor, count: int, seed: int) -> Iterator[Tensor]:
    """`count` images drawn by `seed` from `images` (N, 3, H, W), keyed with wrong keys, one key after the other.

    Yields:
        Chunks (M, 3, H, W) in [0, 1], so that they need never be in memory all at once.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(images), (count,), generator=generator)
    keys = wrong_keys(key, generator)
    for i, wrong in enumerate(keys):
        for chunk in rows[i :: len(keys)].split(EDIT_CHUNK):
            if len(chunk):
                yield keyed(images[chunk], wrong, editor)
