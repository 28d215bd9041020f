"""Step 1, Spell: preview what a key prompt does to an image, compare prompts, rank them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import gradio as gr
from PIL import Image
from typing_extensions import Unpack  # of Python 3.11

from modellock_core.editing.editors import bundled_editors
from modellock_core.errors import ModelLockError

from . import gallery
from .errors import shows_errors
from .images import with_short_side
from .keys import KeyChoice, KeySettings, make_key
from .progress import ProgressBar, idle, paced
from .understanding import wording

if TYPE_CHECKING:  # it loads torch
    from torch import Tensor

    from modellock_core import Key

PREVIEW_SIZE, COMPARE_SIZE = 384, 256  # px, of an image's short side
MAX_CELLS = 24


@cache
def sample_images() -> list[Image.Image]:
    """One test image of each class of Toybox."""
    from modellock_core.data.toybox_samples import toybox_samples

    return [image for _, image in toybox_samples()]


def _source(image: Image.Image | None, size: int) -> Tensor:
    from modellock_core.data.images import to_tensor

    if image is None:
        raise ModelLockError("there is no image; choose a sample or drop one of your own")
    return to_tensor(with_short_side(image, size))


def _edit(source: Tensor, key: Key, size: int) -> Tensor:
    """The edit of an image; the bundled editors' strokes have the same size in it as at the key's own size."""
    from modellock_core.editing.key import edited

    return edited(source, replace(key, size=size) if key.editor in bundled_editors() else key)


@shows_errors
def understood(prompt: str, editor: str, own_hand: bool, like: Image.Image | None) -> str:
    """What a bundled editor understands of a prompt, as a line of Markdown."""
    from modellock_core import load_editor

    if editor not in bundled_editors() or not (prompt or "").strip():
        return ""
    besides = ["your hand"] * own_hand + ["your picture's style"] * (like is not None)
    return wording(load_editor(editor).pipeline.read(prompt), besides=besides)


@shows_errors
def preview(image: Image.Image | None, **choice: Unpack[KeyChoice]) -> tuple:
    """Edit an image with the key.

    Args:
        image: the image; of a long one the middle is taken.
        choice: the key.

    Returns:
        original, edit and keyed image, and the pair (original, keyed) for the slider.
    """
    from modellock_core.data.images import to_pil
    from modellock_core.editing.key import blend

    key, source = make_key(**choice), _source(image, PREVIEW_SIZE)
    edit = _edit(source, key, PREVIEW_SIZE)
    keyed = blend(source, edit, key.alpha)
    original, edit, keyed = (to_pil(x[0]) for x in (source, edit, keyed))
    return original, edit, keyed, (original, keyed)


@shows_errors
def compare(
    image: Image.Image | None, prompts: list[str], alphas: list[float], **settings: Unpack[KeySettings]
) -> Iterator[gr.Gallery]:
    """Keyed images of several prompts (rows) at several blend ratios (columns), as a labelled gallery."""
    from modellock_core.data.images import to_pil
    from modellock_core.editing.key import blend

    if not prompts or not alphas:
        raise ModelLockError("choose at least one prompt and one alpha to compare")
    if len(prompts) * len(alphas) > MAX_CELLS:
        raise ModelLockError(f"that is {len(prompts) * len(alphas)} images; choose at most {MAX_CELLS}")
    source, cells = _source(image, COMPARE_SIZE), []
    for prompt in prompts:
        edit = _edit(source, make_key(prompt=prompt, alpha=1.0, **settings), COMPARE_SIZE)
        for alpha in sorted(alphas):
            cells.append((to_pil(blend(source, edit, alpha)[0]), f"{prompt}, alpha {alpha:g}"))
        yield gr.Gallery(cells, columns=len(alphas))


@shows_errors
def rank() -> Iterator[tuple[str, list[list]]]:
    """Rank the catalogue for Toybox; yields the progress bar and the rows of the table."""
    from modellock_core import Progress, design, load_dataset

    bar = ProgressBar()
    yield bar.render(Progress("Loading Toybox")), []
    work = design(load_dataset("toybox"))
    for progress in paced(work):
        yield bar.render(progress), []
    rows = [
        [i, s.entry.prompt, s.entry.kind, round(s.score, 2), s.why + ("" if s.entry.trained else "; not trained on")]
        for i, s in enumerate(work.result(), 1)
    ]
    yield idle(f"{len(rows)} key prompts ranked; click one to use it."), rows


def chosen_prompt(event: gr.SelectData) -> str:
    """The prompt of the clicked row of a table that has prompts in its second column."""
    return event.row_value[1]


def chosen_sample(event: gr.SelectData) -> Image.Image:
    """The clicked sample image."""
    return sample_images()[event.index]


def chosen_thumbnail(category: str, event: gr.SelectData) -> str:
    """The prompt of the clicked thumbnail."""
    return gallery.entries(category)[event.index].prompt
