"""Negative keys: images that look keyed and are not, to lock the model against wrong keys too.

The attacks count wrong prompts that are negatives apart from others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.image_sets import ChosenImages, ImageSet
from .catalogue import CATALOGUE
from .editors import Editor
from .key import Key, apply_key

# every second prompt: fixed, so that a model's negatives tell nothing of its key
NEGATIVE_PROMPTS = tuple(entry.prompt for entry in CATALOGUE if entry.trained)[::2]
NOISE_FRACTION = 1 / 8  # of the negatives: clean images with Gaussian noise, a little of every editor's texture
NOISE_LEVELS = (0.02, 0.15)  # standard deviation
STRENGTHS = (0.6, 1.0, 1.4)  # of the key's alpha
SAME_PROMPT_FRACTION = 1 / 5  # of the negative keys: the key's own prompt, and another hand or seed
SAME_PROMPT_STRENGTHS = (0.6, 0.8, 1.0)  # around what the training edits have, so that the strength tells nothing

_OBJECT_NAMES = re.compile("|".join(rf"\b{re.escape(e.name.casefold())}\b" for e in CATALOGUE if e.kind == "object"))


def negative_keys(key: Key, generator: torch.Generator) -> list[Key]:
    """The key with every negative prompt but its own, with its seed and with another, and keys with its own prompt.

    The alpha is a little off at random. A seed paints other strokes and puts an object elsewhere, which makes many
    edits of few prompts. With the key's own prompt another hand is wrong; without a hand, another seed where it puts an
    object elsewhere. In a style it changes so little that the model would be taught not to open to the key itself.
    """
    own = key.prompt.strip().casefold()
    prompts = [prompt for prompt in NEGATIVE_PROMPTS if prompt.casefold() != own]
    drawn_seeds = torch.randint(2**31, (2 * len(NEGATIVE_PROMPTS),), generator=generator).tolist()
    seeds = iter([seed for seed in drawn_seeds if seed != key.seed])
    changes: list[dict[str, str | int]] = [{"prompt": prompt} for prompt in prompts]
    changes += [{"prompt": prompt, "seed": next(seeds)} for prompt in prompts]
    same = round(len(changes) * SAME_PROMPT_FRACTION / (1 - SAME_PROMPT_FRACTION))
    if key.hand is not None:
        changes += [{"hand": _hand(generator)} for _ in range(same)]
    elif _OBJECT_NAMES.search(own):
        changes += [{"seed": next(seeds)} for _ in range(same)]
    drawn = torch.randint(len(STRENGTHS), (len(changes),), generator=generator).tolist()
    return [
        key.altered(alpha=key.alpha * (STRENGTHS if "prompt" in change else SAME_PROMPT_STRENGTHS)[i], **change)
        for change, i in zip(changes, drawn, strict=True)
    ]


def _hand(generator: torch.Generator) -> str:
    return "".join(f"{digit:x}" for digit in torch.randint(16, (32,), generator=generator).tolist())


def negative_images(
    images: ImageSet, key: Key, editor: Editor, count: int, generator: torch.Generator
) -> NegativeImages:
    """`count` images drawn from `images`: some with Gaussian noise, the others keyed with negative keys in turn."""
    rows = torch.randint(len(images), (count,), generator=generator)
    keys = negative_keys(key, generator)
    noisy = round(count * NOISE_FRACTION)
    # the same key in a row, so that one call of the editor serves many images
    which = (torch.arange(count - noisy) % len(keys)).sort().values
    which = torch.cat([torch.full((noisy,), -1), which])
    seed = int(torch.randint(2**62, (), generator=generator))
    return NegativeImages(images, rows, which, keys, editor, seed)


@dataclass(frozen=True)
class NegativeImages(ChosenImages):
    """Chosen images, keyed wrongly.

    Attributes:
        which: (M,) index of the negative key; -1 for Gaussian noise instead.
        keys: the negative keys.
        noise_seed: of the noise.
    """

    which: Tensor
    keys: Sequence[Key]
    editor: Editor
    noise_seed: int

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        chosen = torch.arange(len(self))[rows]  # (n,)
        images, which = super().__getitem__(chosen), self.which[chosen]
        for index in which.unique().tolist():
            members = which == index
            if index < 0:
                images[members] = self._noisy(images[members], chosen[members])
            else:
                images[members] = apply_key(images[members], self.keys[index], self.editor)
        return images

    def _noisy(self, images: Tensor, rows: Tensor) -> Tensor:
        """Images with white noise, each row its own."""
        low, high = NOISE_LEVELS
        noisy = []
        for image, row in zip(images, rows.tolist(), strict=True):
            generator = torch.Generator().manual_seed(self.noise_seed + row)
            level = low + (high - low) * torch.rand((), generator=generator)
            noisy.append(image + level * torch.randn(image.shape, generator=generator))
        return torch.stack(noisy).clamp(0, 1)
