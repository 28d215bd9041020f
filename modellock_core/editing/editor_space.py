"""The space of all edits of a compact editor: what a prompt, a hand or a thief's search can lead to.

Beside `key.py`, whose edits are the points of this space that a key names. Locks look here for wrong keys that open
them, and thieves for the right one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.image_sets import ChangedWhenRead
from ..data.images import resized
from .editors import Editor
from .editors.compact import CompactEditor
from .editors.compact_pipeline import EditPlan
from .editors.key_secrets import noise_seed
from .editors.style_space import HAND_GLAZE, HAND_SHARE
from .key import Key, blend, edit_size

OBJECT_FRACTION = 0.3  # of random plans that have an object


def plan_of(key: Key, editor: CompactEditor) -> EditPlan:
    """What a key plans to do."""
    return editor.pipeline.plan(key.prompt, key.hand, None if key.style is None else torch.tensor([key.style]))


@torch.no_grad()
def random_plan(editor: CompactEditor, generator: torch.Generator, objects: bool = True) -> EditPlan:
    """A plan that some prompt, hand or picture might lead to."""
    pipeline = editor.pipeline
    style = pipeline.styles.draw(generator)
    names = pipeline.reader.config.objects
    with_object = objects and torch.rand((), generator=generator) < OBJECT_FRACTION
    chosen = (names[int(torch.randint(len(names), (), generator=generator))],) if with_object else ()
    return EditPlan(style, float(0.3 + 0.7 * torch.rand((), generator=generator)) if chosen else 1.0, chosen)


def named_plans(editor: CompactEditor) -> dict[str, EditPlan]:
    """Every style and every object that a prompt can name, each by itself and at full strength."""
    table = editor.pipeline.styles.table.detach()
    styles = zip(editor.pipeline.styles.config.names, table.split(1), strict=True)
    objects = editor.pipeline.reader.config.objects
    nothing = torch.zeros_like(table[:1])
    return {name: EditPlan(style, 1.0) for name, style in styles} | {
        name: EditPlan(nothing, 0.0, (name,)) for name in objects
    }


def between(plan: EditPlan, other: EditPlan, share: float) -> EditPlan:
    """What lies a share of the way, in [0, 1], from a plan to another one; it has the objects of both."""
    style = plan.style.lerp(other.style, share)
    strength = plan.strength + share * (other.strength - plan.strength)
    return EditPlan(style, strength, tuple(dict.fromkeys(plan.objects + other.objects)))


def with_hand(plan: EditPlan, hand: str | None, editor: CompactEditor) -> EditPlan:
    """The same plan carried out by a hand, see `CompactEditPipeline.plan`; the hand's own noise is not part of it."""
    if hand is None:
        return plan
    share = HAND_SHARE if plan.strength else 1.0
    style = (1 - share) * plan.style + share * editor.pipeline.styles.hand(hand).detach()
    return replace(plan, style=style, strength=max(plan.strength, HAND_GLAZE))


def drawn_hand(generator: torch.Generator) -> str:
    """A hand, 32 hexadecimal digits."""
    return "".join(f"{digit:x}" for digit in torch.randint(16, (32,), generator=generator).tolist())


def changed_plan(plan: EditPlan, editor: CompactEditor, generator: torch.Generator) -> EditPlan:
    """A plan near by: with other objects, or some of the way towards any other style."""
    other, share = random_plan(editor, generator), float(torch.rand((), generator=generator))
    if torch.rand((), generator=generator) < OBJECT_FRACTION:
        return replace(plan, objects=other.objects)
    return replace(between(plan, other, share), objects=plan.objects)


def planned_edits(
    images: Tensor, key: Key, plan: EditPlan, editor: CompactEditor, noise: Tensor | None = None
) -> Tensor:
    """Edits (N, 3, H, W) of images in [0, 1], made as a key says, but for what it plans to do; not blended yet.

    Gradients reach the plan's style, the images and the noise.

    Args:
        noise: (1, 3, h, w) start noise of unit variance in place of the key's.
    """
    shape, weight = images.shape[-2:], key.guidance / key.image_guidance
    source = resized(images, edit_size(shape, key.size)).clamp(0, 1)
    edits = editor.edit_as_planned(
        source, plan, steps=key.steps, weight=weight, seed=noise_seed(key.seed, key.hand), noise=noise
    )
    return resized(edits, shape).clamp(0, 1)


def apply_plan(images: Tensor, key: Key, plan: EditPlan, editor: CompactEditor, noise: Tensor | None = None) -> Tensor:
    """Images (N, 3, H, W) in [0, 1] keyed as a key says, but for what it plans to do; see `planned_edits`."""
    return blend(images, planned_edits(images, key, plan, editor, noise), key.alpha)


@dataclass(frozen=True)
class PlannedImages(ChangedWhenRead):
    """Images keyed by a plan when they are asked for, an `ImageSet`; see `apply_plan`."""

    key: Key
    plan: EditPlan
    editor: CompactEditor
    noise: Tensor | None = None

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        with torch.no_grad():
            return apply_plan(self.source[rows], self.key, self.plan, self.editor, self.noise)


def compact_editor(editor: Editor) -> CompactEditor | None:
    """The editor, if its edits are points of such a space."""
    return editor if isinstance(editor, CompactEditor) else None
