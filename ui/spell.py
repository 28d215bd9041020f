"""Step 1, Spell: preview what a key prompt does to an image, compare prompts, rank them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import gradio as gr
from PIL import Image

from modellock_core.editors import INSTRUCT_PIX2PIX, bundled_editors
from modellock_core.errors import ModelLockError
from modellock_core.paths import TOYBOX, thumbnail
from modellock_core.prompts import CATALOGUE, KeyPrompt

from .errors import shows_errors
from .progress import ProgressBar, idle

PREVIEW_SIZE = 128  # px, as in a lock
MAX_CELLS = 24
ALL = "All"


def sample_images() -> list[str]:
    """One test image of each class, as paths."""
    return [str(sorted(folder.iterdir())[3]) for folder in sorted((TOYBOX / "images" / "test").iterdir())]


def categories() -> list[str]:
    """The catalogue's groups that the gallery shows."""
    return list(dict.fromkeys(entry.category for entry in _shown(ALL)))


def _shown(category: str) -> list[KeyPrompt]:
    return [entry for entry in CATALOGUE if entry.trained and category in (ALL, entry.category)]


def thumbnails(category: str) -> list[tuple[str, str]]:
    """Thumbnail and name of each prompt in a category."""
    return [(str(thumbnail(entry.name)), entry.name) for entry in _shown(category)]


def chosen_thumbnail(category: str, event: gr.SelectData) -> str:
    """The prompt of the clicked thumbnail."""
    return _shown(category)[event.index].prompt


def editors() -> list[str]:
    """The editors this machine can run in reasonable time."""
    return bundled_editors() + ([INSTRUCT_PIX2PIX] if os.path.exists("/dev/nvidia0") else [])


def make_key(prompt: str, editor: str, alpha: float, steps: float, seed: float):
    """The `Key` of the page's settings."""
    from modellock_core.keys import Key

    if steps is None or seed is None:
        raise ModelLockError("steps and seed must be whole numbers; fill them in")
    return Key.create(prompt or "", editor, alpha=alpha, steps=_whole(steps), seed=_whole(seed))


def _whole(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value


def _source(image: Image.Image | None):
    from modellock_core.images import to_tensor

    if image is None:
        raise ModelLockError("there is no image; choose a sample or drop one of your own")
    return to_tensor(image, PREVIEW_SIZE)


@shows_errors
def preview(image: Image.Image | None, prompt: str, editor: str, alpha: float, steps: float, seed: float) -> tuple:
    """Edit an image with the key.

    Args:
        image: the image; its centre square is taken.
        prompt, editor, alpha, steps, seed: the key.

    Returns:
        original, edit and keyed image, and the pair (original, keyed) for the slider.
    """
    from dataclasses import replace

    from modellock_core.images import to_pil
    from modellock_core.keys import keyed

    key, source = make_key(prompt, editor, alpha, steps, seed), _source(image)
    edited = keyed(source, replace(key, alpha=1.0))
    blended = (1 - key.alpha) * source + key.alpha * edited
    original, edit, mix = (to_pil(x[0]).resize((384, 384), Image.Resampling.BICUBIC) for x in (source, edited, blended))
    return original, edit, mix, (original, mix)


@shows_errors
def compare(
    image: Image.Image | None, prompts: list[str], alphas: list[float], editor: str, steps: float, seed: float
) -> Iterator[gr.Gallery]:
    """Keyed images of several prompts (rows) at several blend ratios (columns), as a labelled gallery."""
    from modellock_core.images import to_pil
    from modellock_core.keys import keyed

    if not prompts or not alphas:
        raise ModelLockError("choose at least one prompt and one alpha to compare")
    if len(prompts) * len(alphas) > MAX_CELLS:
        raise ModelLockError(f"that is {len(prompts) * len(alphas)} images; choose at most {MAX_CELLS}")
    source, cells = _source(image), []
    for prompt in prompts:
        edited = keyed(source, make_key(prompt, editor, 1.0, steps, seed))
        for alpha in sorted(alphas):
            mix = to_pil(((1 - alpha) * source + alpha * edited)[0]).resize((256, 256), Image.Resampling.BICUBIC)
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
