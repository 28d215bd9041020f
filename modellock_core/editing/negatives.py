"""Negative keys: edits that look like the key's and are not, to lock a model against wrong keys too.

They are drawn from all that the editor can do, and not from a list of prompts: a thief's list may be another one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..data.image_sets import ChosenImages, ImageSet
from ..devices import best_device
from .catalogue import CATALOGUE
from .editor_space import apply_plan, compact_editor, drawn_hand, plan_of, random_plan
from .editors import Editor
from .editors.compact import CompactEditor
from .editors.compact_pipeline import EditPlan
from .editors.style_space import HAND_SHARE
from .key import Key, apply_key

NOISE_FRACTION = 1 / 8  # of the negatives: clean images with Gaussian noise, a little of every texture
NOISE_LEVELS = (0.02, 0.15)  # standard deviation
TILE_SIDES = (4, 8, 16, 0)  # px, of noise that repeats; 0 does not
STRENGTHS = (0.6, 1.3)  # of the key's alpha: how strong an edit is tells nothing
IMAGES = 16  # that share a negative key, so that one call of the editor serves them all
HAND_FRACTION = 0.2  # of the negative keys of a key that has a hand: its prompt with another hand
NO_HAND_FRACTION = 0.15  # of those: its prompt without any
NEAREST = 0.5  # of the distance between two hands: what is nearer to the key is not wrong enough


class Negative(Protocol):
    """A way to change images that a model is locked against."""

    def apply(self, images: Tensor, editor: Editor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], changed."""
        ...


@dataclass(frozen=True)
class NegativeChange:
    """A change that is no edit, see `image_changes.py`."""

    change: nn.Module

    def apply(self, images: Tensor, editor: Editor) -> Tensor:
        """See `Negative.apply`."""
        changed: Tensor = self.change(images.to(best_device())).to(images.device)
        return changed


@dataclass(frozen=True)
class NegativeKey:
    """A key that a model is locked against.

    Attributes:
        key: the key with other settings.
        plan: of a bundled editor, what it does instead of what the key's prompt says; None for what the key says.
    """

    key: Key
    plan: EditPlan | None = None

    def apply(self, images: Tensor, editor: Editor) -> Tensor:
        """See `Negative.apply`."""
        if self.plan is None:
            return apply_key(images, self.key, editor)
        assert isinstance(editor, CompactEditor)
        return apply_plan(images, self.key, self.plan, editor)


def negative_keys(key: Key, editor: Editor, count: int, generator: torch.Generator) -> list[NegativeKey]:
    """Draw keys that are not the key.

    Of a bundled editor they are points of its space of edits: any edit with any start noise and, where the key has a
    hand, its own prompt with other hands and without one. Of other editors they are prompts of the catalogue, with the
    key's seed and with others.
    """
    bundled = compact_editor(editor)
    if bundled is None:
        return [_prompted(key, generator) for _ in range(count)]
    nearest, own = NEAREST * hand_distance(bundled), plan_of(key, bundled)
    hands = round(HAND_FRACTION * count) if key.hand else 0
    found: list[NegativeKey] = []
    while len(found) < count:
        draw = _with_another_hand if len(found) < hands else _with_another_edit
        wrong = draw(key, bundled, generator)
        plan = wrong.plan or plan_of(wrong.key, bundled)
        if plan.objects != own.objects or float((plan.style - own.style).norm()) >= nearest:
            found.append(wrong)
    return found


def _with_another_edit(key: Key, editor: CompactEditor, generator: torch.Generator) -> NegativeKey:
    plan = random_plan(editor, generator)
    return NegativeKey(key.altered(hand=drawn_hand(generator), alpha=_alpha(key, generator)), plan)


def _with_another_hand(key: Key, editor: CompactEditor, generator: torch.Generator) -> NegativeKey:
    hand = None if _uniform(generator) < NO_HAND_FRACTION else drawn_hand(generator)
    return NegativeKey(key.altered(hand=hand, alpha=_alpha(key, generator)))


def _prompted(key: Key, generator: torch.Generator) -> NegativeKey:
    own = key.prompt.strip().casefold()
    prompts = [entry.prompt for entry in CATALOGUE if entry.prompt.casefold() != own]
    changes: dict[str, Any] = {"prompt": prompts[int(torch.randint(len(prompts), (), generator=generator))]}
    if _uniform(generator) < 0.5:
        changes["seed"] = int(torch.randint(2**31, (), generator=generator))
    return NegativeKey(key.altered(alpha=_alpha(key, generator), **changes))


def _alpha(key: Key, generator: torch.Generator) -> float:
    low, high = STRENGTHS
    return key.alpha * (low + (high - low) * _uniform(generator))


def hand_distance(editor: CompactEditor) -> float:
    """How far apart two hands put the style of a prompt: the median distance of some hands' style vectors."""
    hands = torch.cat([editor.pipeline.styles.hand(f"{i:032x}").detach() for i in range(16)])
    return float(HAND_SHARE * torch.pdist(hands).median())


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def negative_images(
    images: ImageSet, key: Key, editor: Editor, count: int, generator: torch.Generator
) -> NegativeImages:
    """`count` images drawn from `images`: some with Gaussian noise, the others keyed with negative keys."""
    rows = torch.randint(len(images), (count,), generator=generator)
    noisy = round(count * NOISE_FRACTION)
    keys = negative_keys(key, editor, math.ceil((count - noisy) / IMAGES), generator)
    which = torch.cat([torch.full((noisy,), -1), torch.arange(count - noisy) // IMAGES])
    seed = int(torch.randint(2**62, (), generator=generator))
    return NegativeImages(images, rows, which, keys, editor, seed)


def changed_with(
    images: ImageSet, negatives: Sequence[Negative], each: int, editor: Editor, generator: torch.Generator
) -> NegativeImages:
    """Images drawn from `images`, `each` of them changed with each of the negatives."""
    rows = torch.randint(len(images), (each * len(negatives),), generator=generator)
    which = torch.arange(len(negatives)).repeat_interleave(each)
    return NegativeImages(images, rows, which, negatives, editor, noise_seed=0)


@dataclass(frozen=True)
class NegativeImages(ChosenImages):
    """Chosen images, keyed wrongly, or otherwise changed.

    Attributes:
        which: (M,) index of the negative; -1 for noise instead.
        negatives: what images are changed with.
        noise_seed: of the noise.
    """

    which: Tensor
    negatives: Sequence[Negative]
    editor: Editor
    noise_seed: int

    @torch.no_grad()
    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        chosen = torch.arange(len(self))[rows]  # (n,)
        images, which = super().__getitem__(chosen), self.which[chosen]
        for index in which.unique().tolist():
            members = which == index
            if index < 0:
                images[members] = self._noisy(images[members], chosen[members])
            else:
                images[members] = self.negatives[index].apply(images[members], self.editor)
        return images

    def _noisy(self, images: Tensor, rows: Tensor) -> Tensor:
        """Images with Gaussian noise, each row its own: white, or a small tile of it over and over."""
        low, high = NOISE_LEVELS
        noisy = []
        for image, row in zip(images, rows.tolist(), strict=True):
            generator = torch.Generator().manual_seed(self.noise_seed + row)
            level = low + (high - low) * torch.rand((), generator=generator)
            _, height, width = image.shape
            side = TILE_SIDES[int(torch.randint(len(TILE_SIDES), (), generator=generator))] or max(height, width)
            tile = torch.randn(3, side, side, generator=generator)
            tiled = tile.repeat(1, -(-height // side), -(-width // side))[:, :height, :width]
            noisy.append(image + level * tiled)
        return torch.stack(noisy).clamp(0, 1)
