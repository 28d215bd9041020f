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
GRAINY_PART = 8  # one decoy in so many is a clean image with noise
STRENGTHS = (0.6, 1.0, 1.4)  # of the key's alpha
OWN_PART = 5  # one wrong key in so many has the key's own prompt, and another seed
OWN_STRENGTHS = (0.6, 0.8, 1.0)  # around what the training edits have, so that the strength tells nothing


def wrong_keys(key: Key, generator: torch.Generator) -> list[Key]:
    """The key with every decoy prompt but its own, with its seed and with another, and with other seeds alone.

    The alpha is a little off at random. A seed paints other strokes and puts an object elsewhere, which makes many
    edits of few prompts; what else looks like the key's edit is not to open the model.
    """
    prompts = [prompt for prompt in DECOY_PROMPTS if prompt.casefold() != key.prompt.strip().casefold()]
    seeds = torch.randint(2**31, (2 * len(DECOY_PROMPTS),), generator=generator).tolist()
    seeds = (seed for seed in seeds if seed != key.seed)
    changes = [{"prompt": prompt} for prompt in prompts]
    changes += [{"prompt": prompt, "seed": next(seeds)} for prompt in prompts]
    changes += [{"seed": next(seeds)} for _ in range(len(changes) // (OWN_PART - 1))]
    drawn = torch.randint(len(STRENGTHS), (len(changes),), generator=generator).tolist()
    return [
        replace(key, alpha=min(1.0, key.alpha * (STRENGTHS if "prompt" in change else OWN_STRENGTHS)[i]), **change)
        for change, i in zip(changes, drawn, strict=True)
    ]


def grainy(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (N, 3, H, W) with white noise of 2 to 15 % of the range: it has a little of every editor's texture."""
    strength = 0.02 + 0.13 * torch.rand(len(images), 1, 1, 1, generator=generator)
    return (images + strength * torch.randn(images.shape, generator=generator)).clamp(0, 1)


def decoy_chunks(images: Tensor, key: Key, editor: Editor, count: int, seed: int) -> Iterator[Tensor]:
    """`count` images drawn by `seed` from `images` (N, 3, H, W): some grainy, the others keyed with wrong keys.

    Yields:
        Chunks (M, 3, H, W) in [0, 1], so that they need never be in memory all at once.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(images), (count,), generator=generator)
    noisy, rows = rows[: count // GRAINY_PART], rows[count // GRAINY_PART :]
    for chunk in noisy.split(EDIT_CHUNK):
        if len(chunk):
            yield grainy(images[chunk], generator)
    keys = wrong_keys(key, generator)
    for i, wrong in enumerate(keys):
        for chunk in rows[i :: len(keys)].split(EDIT_CHUNK):
            if len(chunk):
                yield keyed(images[chunk], wrong, editor)
