"""Step 1, Key: see what a key prompt does to an image while it is typed, compare prompts, rank them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image
from typing_extensions import Unpack  # of Python 3.11

from modellock_core.editing.catalogue import find
from modellock_core.editing.editors import bundled_editors
from modellock_core.errors import ModelLockError

from . import gallery
from .cores import shared_cores
from .errors import shows_errors
from .ignored_words import ignored_words
from .images import shown_file, with_short_side
from .keys import KeyChoice, draw_hand, make_key
from .progress import ProgressBar, idle, paced
from .turns import in_turn
from .understanding import wording

if TYPE_CHECKING:  # it loads torch
    from torch import Tensor

    from modellock_core import Key

PREVIEW_SIZE, COMPARE_SIZE = 384, 256  # px, of an image's short side
MAX_CELLS = 24
FAINT = 6  # grey levels; a key that changes a picture less can hardly be seen in it
THUMBNAIL = 96  # px
PROMPT, STRENGTH, SEED, HAND = AXES = "prompt", "strength", "seed", "random bits"  # what a grid can change
HISTORY = 12  # keys that are kept to use them again


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


@lru_cache(maxsize=32)
def _cached_edit(pixels: bytes, shape: tuple[int, ...], key: Key) -> Tensor:
    import torch

    from modellock_core.editing.key import edited

    source = torch.frombuffer(bytearray(pixels), dtype=torch.float32).reshape(shape)
    return edited(source, key)


def _edit(source: Tensor, key: Key, size: int) -> Tensor:
    """The edit of an image; the bundled editors' strokes have the same size in it as at the key's own size.

    It is kept for the next time: strength does not change it, and nobody else's key has this key's hand.
    """
    key = replace(key, alpha=1.0, id="0" * 32, size=size if key.editor in bundled_editors() else key.size)
    return _cached_edit(source.numpy().tobytes(), tuple(source.shape), key)


@shows_errors
def understood(prompt: str, editor: str, own_hand: bool, like: Image.Image | None) -> str:
    """What a bundled editor understands of a prompt, as a line of Markdown."""
    from modellock_core import load_editor

    if editor not in bundled_editors() or not (prompt or "").strip():
        return ""
    besides = ["your random bits"] * own_hand + ["your picture's style"] * (like is not None)
    read = load_editor(editor).read
    reading, ignored = read(prompt), ignored_words(prompt, read)
    lost = ignored or not (reading.styles or reading.objects)
    limits = (
        f". This editor knows {len(gallery.ENTRIES)} looks and takes the nearest; browse them below." if lost else ""
    )
    return wording(reading, besides=besides, ignored=ignored) + limits


@shows_errors
def preview(image: Image.Image | None, **choice: Unpack[KeyChoice]) -> tuple:
    """Edit an image with the key.

    Args:
        image: the image; of a long one the middle is taken.
        choice: the key.

    Returns:
        files of the image and of the same edited with the key, the pair of both for the slider, and warnings as
        Markdown.
    """
    from modellock_core.data.images import to_pil

    if image is None or not (choice["prompt"] or "").strip():  # half-way to the next picture or prompt
        return gr.skip(), gr.skip(), gr.skip(), ""
    source, keyed, key = _keyed(image, choice)
    change = 255 * float((keyed - source).abs().mean())
    files = tuple(shown_file(to_pil(picture[0])) for picture in (source, keyed))
    return *files, files, warnings(key.prompt, has_hand=key.hand is not None, change=change)


def _keyed(image: Image.Image, choice: KeyChoice) -> tuple[Tensor, Tensor, Key]:
    """An image (1, 3, H, W) as it is shown, the same edited with a key, and the key."""
    from modellock_core.editing.key import blend

    key, source = make_key(**choice), _source(image, PREVIEW_SIZE)
    with shared_cores():
        edit = _edit(source, key, PREVIEW_SIZE)
    return source, blend(source, edit, key.alpha), key


def warnings(prompt: str, *, has_hand: bool, change: float | None = None) -> str:
    """What speaks against a key, as Markdown; empty where nothing does.

    Args:
        change: that it makes to the picture, in grey levels, where there is one.
    """
    entry, said = find(prompt), []
    if not has_hand:
        known = "It is on the list that every thief tries first." if entry else "A thief who guesses it is in."
        said.append(f"This prompt stands alone. {known} Switch on “My own random bits”.")
    if change is not None and change < FAINT:
        said.append("This edit can hardly be seen. A key that changes the picture more locks better.")
    if entry and not entry.trained:
        said.append("The editor was not trained on this prompt, and only follows its words.")
    return "\n\n".join(f"**Careful:** {line}" for line in said)


@shows_errors
def grid(
    image: Image.Image | None,
    across: str,
    down: str,
    prompts: list[str],
    strengths: list[float],
    seeds: str,
    hands: float,
    **choice: Unpack[KeyChoice],
) -> Iterator[tuple[str, Image.Image | None]]:
    """One image edited with many keys, as one labelled picture.

    Args:
        image: the image.
        across, down: two of `AXES`: what changes from column to column, and from row to row.
        prompts, strengths, seeds, hands: the values along each axis; seeds are separated by commas, hands are drawn.
        choice: the key whose other parts all cells have.

    Yields:
        progress, and at the end the picture.
    """
    from modellock_core.data.images import to_pil
    from modellock_core.editing.key import blend

    from .labelled_grid import labelled_grid

    if across == down:
        raise ModelLockError("choose two different things to change across and down")
    values = {
        PROMPT: list(prompts or []), STRENGTH: sorted(strengths or []), SEED: _numbers(seeds),
        HAND: [None, *(draw_hand() for _ in range(int(hands or 0) - 1))],
    }  # fmt: skip
    columns, rows = values[across], values[down]
    if not columns or not rows:
        raise ModelLockError(f"choose at least one {across if not columns else down}")
    if len(columns) * len(rows) > MAX_CELLS:
        raise ModelLockError(f"that is {len(columns) * len(rows)} pictures; choose at most {MAX_CELLS}")
    source, cells, bar = _source(image, COMPARE_SIZE), [], ProgressBar()
    from modellock_core import Progress

    for row in rows:
        for column in columns:
            key = make_key(**choice | _changes(across, column) | _changes(down, row))
            cells.append(to_pil(blend(source, _edit(source, key, COMPARE_SIZE), key.alpha)[0]))
            yield bar.render(Progress("Editing", len(cells), len(rows) * len(columns))), gr.skip()
    names = [[_label(axis, i, value) for i, value in enumerate(values[axis])] for axis in (across, down)]
    yield "", labelled_grid(cells, *names)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in (text or "").split(",") if part.strip()]
    except ValueError:
        raise ModelLockError(f"seeds are whole numbers with commas between them, got {text!r}") from None


def _changes(axis: str, value: Any) -> dict[str, Any]:
    """What of a `KeyChoice` a cell has for itself."""
    if axis == HAND:
        return {} if value is None else {"own_hand": True, "hand": value}
    return {{PROMPT: "prompt", STRENGTH: "alpha", SEED: "edit_seed"}[axis]: value}


def _label(axis: str, number: int, value: Any) -> str:
    if axis == HAND:
        return "your random bits" if number == 0 else f"other random bits {number}"
    return {PROMPT: "{}", STRENGTH: "strength {:g}", SEED: "seed {}"}[axis].format(value)


@shows_errors
def remembered(tried: list[list], *, image: Image.Image | None, **choice: Unpack[KeyChoice]) -> tuple[list, dict]:
    """Keep a key that was tried, the newest first, with a small picture of what it did.

    Returns:
        the new history, rows (picture, prompt, strength); and its gallery.
    """
    from modellock_core.data.images import to_pil

    prompt = (choice["prompt"] or "").strip()
    if image is None or not prompt:
        return tried, gr.skip()
    _, keyed, _ = _keyed(image, choice)
    new = [with_short_side(to_pil(keyed[0]), THUMBNAIL), prompt, choice["alpha"]]
    # in place: of two that are drawn at the same time, none may overwrite the other's
    tried[:] = [new, *(row for row in tried if row[1:] != new[1:])][:HISTORY]
    return tried, gr.update(value=[(row[0], f"{row[1]}, strength {row[2]:g}") for row in tried])


def again(tried: list[list], event: gr.SelectData) -> tuple[str, float]:
    """Prompt and strength of the clicked key of the history."""
    _, prompt, alpha = tried[event.index]
    return prompt, alpha


def surprise(prompt: str) -> str:
    """A prompt that the editor was trained on, drawn at random, and another one than this."""
    return random.choice([entry.prompt for entry in gallery.ENTRIES if entry.prompt != prompt])


def searched(text: str) -> tuple[gr.Gallery, str]:
    """The thumbnails of all prompts that contain a text, and the text."""
    return gr.Gallery(gallery.found(text)), text


def chosen_found(text: str, event: gr.SelectData) -> str:
    """The prompt of the clicked thumbnail among those that were found."""
    return gallery.matching(text)[event.index].prompt


@in_turn
@shows_errors
def rank(request: gr.Request) -> Iterator[tuple[str, list[list]]]:
    """Rank the prompts that the editor was trained on for Toybox; yields the progress bar and the rows of the table."""
    from modellock_core import Progress, design, load_dataset

    bar = ProgressBar()
    yield bar.render(Progress("Loading Toybox")), []
    work = design(load_dataset("toybox"), entries=gallery.ENTRIES)
    for progress in paced(work):
        yield bar.render(progress), []
    rows = [[i, s.entry.prompt, s.entry.kind, round(s.score, 2), s.why] for i, s in enumerate(work.result(), 1)]
    yield idle(f"{len(rows)} key prompts ranked; click one to use it."), rows


def chosen_prompt(event: gr.SelectData) -> str:
    """The prompt of the clicked row of a table that has prompts in its second column."""
    return event.row_value[1]


def chosen_sample(event: gr.SelectData) -> Image.Image:
    """The clicked sample image."""
    return sample_images()[event.index]
