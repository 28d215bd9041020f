"""Step 1, Spell: preview what a key prompt does to an image, compare prompts, rank them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr
from PIL import Image

from modellock_core.editors import INSTRUCT_PIX2PIX, bundled_editors
from modellock_core.errors import ModelLockError
from modellock_core.paths import TOYBOX

from . import gallery
from .errors import shows_errors
from .images import with_short_side
from .progress import ProgressBar, idle
from .understanding import wording

PREVIEW_SIZE, COMPARE_SIZE = 384, 256  # px, of an image's short side
MAX_CELLS = 24


def sample_images() -> list[str]:
    """One test image of each class, as paths."""
    return [str(sorted(folder.iterdir())[3]) for folder in sorted((TOYBOX / "images" / "test").iterdir())]


def chosen_thumbnail(category: str, event: gr.SelectData) -> str:
    """The prompt of the clicked thumbnail."""
    return gallery.entries(category)[event.index].prompt


def editors() -> list[str]:
    """The editors this machine can run in reasonable time."""
    return bundled_editors() + ([INSTRUCT_PIX2PIX] if os.path.exists("/dev/nvidia0") else [])


def draw_hand() -> str:
    """A new hand for the visitor."""
    from modellock_core import new_hand

    return new_hand()


def make_key(
    prompt: str, editor: str, alpha: float, steps: float, seed: float,
    own_hand: bool = False, like: Image.Image | None = None, hand: str | None = None,
):  # fmt: skip
    """The `Key` of the page's settings.

    Args:
        prompt, editor, alpha, steps, seed: of the key.
        own_hand: whether the key has a hand.
        like: a picture whose style is painted in.
        hand: the visitor's.
    """
    from modellock_core.keys import Key

    if steps is None or seed is None:
        raise ModelLockError("steps and seed must be whole numbers; fill them in")
    if own_hand and hand is None:
        raise ModelLockError("there is no hand yet; press Draw another hand")
    return Key.create(
        prompt or "", editor, alpha=alpha, steps=_whole(steps), seed=_whole(seed), hand=hand if own_hand else None,
        style=_style(like),
    )  # fmt: skip


def _whole(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def _style(like: Image.Image | None) -> tuple[float, ...] | None:
    from modellock_core import style_of
    from modellock_core.images import to_tensor

    return None if like is None else style_of(to_tensor(like))


def _source(image: Image.Image | None, size: int):
    from modellock_core.images import to_tensor

    if image is None:
        raise ModelLockError("there is no image; choose a sample or drop one of your own")
    return to_tensor(with_short_side(image, size))


def _edited(source, key, size: int):
    """The whole edit of an image; the bundled editors' strokes have the same size in it as at the key's own size."""
    from modellock_core.keys import keyed

    return keyed(source, replace(key, alpha=1.0, size=size if key.editor in bundled_editors() else key.size))


@shows_errors
def understood(prompt: str, editor: str, own_hand: bool, like: Image.Image | None) -> str:
    """What a bundled editor understands of a prompt, as a line of Markdown."""
    from modellock_core import load_editor

    if editor not in bundled_editors() or not (prompt or "").strip():
        return ""
    besides = ["your hand"] * own_hand + ["your picture's style"] * (like is not None)
    return wording(load_editor(editor).pipeline.read(prompt), besides=besides)


@shows_errors
def preview(
    image: Image.Image | None, prompt: str, editor: str, alpha: float, steps: float, seed: float,
    own_hand: bool, like: Image.Image | None, hand: str | None,
) -> tuple:  # fmt: skip
    """Edit an image with the key.

    Args:
        image: the image; of a long one the middle is taken.
        prompt, editor, alpha, steps, seed, own_hand, like, hand: the key, see `make_key`.

    Returns:
        original, edit and keyed image, and the pair (original, keyed) for the slider.
    """
    from modellock_core.images import to_pil

    key, source = make_key(prompt, editor, alpha, steps, seed, own_hand, like, hand), _source(image, PREVIEW_SIZE)
    edited = _edited(source, key, PREVIEW_SIZE)
    blended = (1 - key.alpha) * source + key.alpha * edited
    original, edit, mix = (to_pil(x[0]) for x in (source, edited, blended))
    return original, edit, mix, (original, mix)


@shows_errors
def compare(
    image: Image.Image | None, prompts: list[str], alphas: list[float], editor: str, steps: float, seed: float,
    own_hand: bool, like: Image.Image | None, hand: str | None,
) -> Iterator[gr.Gallery]:  # fmt: skip
    """Keyed images of several prompts (rows) at several blend ratios (columns), as a labelled gallery."""
    from modellock_core.images import to_pil

    if not prompts or not alphas:
        raise ModelLockError("choose at least one prompt and one alpha to compare")
    if len(prompts) * len(alphas) > MAX_CELLS:
        raise ModelLockError(f"that is {len(prompts) * len(alphas)} images; choose at most {MAX_CELLS}")
    source, cells = _source(image, COMPARE_SIZE), []
    for prompt in prompts:
        key = make_key(prompt, editor, 1.0, steps, seed, own_hand, like, hand)
        edited = _edited(source, key, COMPARE_SIZE)
        for alpha in sorted(alphas):
            mix = to_pil(((1 - alpha) * source + alpha * edited)[0])
            cells.append((mix, f"{prompt}, alpha {alpha:g}"))
        yield gr.Gallery(cells, columns=len(alphas))


@shows_errors
def rank() -> Iterator[tuple[str, list[list]]]:
    """Rank the catalogue for Toybox; yields the progress bar and the rows of the table."""
    from modellock_core.datasets import load_dataset
    from modellock_core.designer import design

    bar = ProgressBar()
    yield bar.render("Loading Toybox", 0, 1), []
    for progress in design(load_dataset("toybox")):
        yield bar.render(progress.stage, progress.step, progress.of), []
    rows = [
        [i, s.entry.prompt, s.entry.kind, round(s.score, 2), s.why + ("" if s.entry.trained else "; not trained on")]
        for i, s in enumerate(progress.result, 1)
    ]
    yield idle(f"{len(rows)} key prompts ranked; click one to use it."), rows


def chosen_prompt(event: gr.SelectData) -> str:
    """The prompt of the clicked row of a table that has prompts in its second column."""
    return event.row_value[1]


def chosen_sample(event: gr.SelectData) -> str:
    """The path of the clicked sample image."""
    return sample_images()[event.index]
