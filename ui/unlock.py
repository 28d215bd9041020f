"""Step 3, Unlock: the same model on clean and on edited images, with the key or with a guess."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from PIL import Image

from modellock_core.data.toybox_samples import toybox_samples
from modellock_core.errors import ModelLockError
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

from .answers import HOLDER, SIDE, THIEF, Shown, asked, cards, data_uri, verdict
from .bars import score_bars
from .colours import BESIDE, GREEN, RED
from .errors import shows_errors
from .guess import Guess
from .images import square
from .key_files import key_file as key_file_of
from .keys import check_editor
from .model_files import open_zipped
from .progress import ProgressBar, paced
from .sessions import session_folder
from .turns import in_turn

if TYPE_CHECKING:  # they load torch
    from torch import Tensor

    from modellock_core import Dataset, Key, LockedModel

EXAMPLE, MINE, OPENED = "The example", "The one I just locked", "Opened from files"
BY_CLASS = ["class", "with the key", "without the key"]
NOTHING_THERE = {
    MINE: "nothing is locked yet; lock a model in step 2, wait until it is done, or choose the example",
    OPENED: "no model is open yet; open its zip and key file below, or choose the example",
}
CARD = "card.json"  # beside a model's weights
TWELVE, TILE = 12, 112  # test images in the grid, and their side in px
LEAK = 0.1  # that an answer without the key may be better than guessing
NOT_ITS_KEY = (
    "This key did **not** lock this model, so it is not opened. Press the button to see what a wrong key gets."
)


@lru_cache(maxsize=4)
def _opened(folder: Path, changed: int, key: Key | None) -> LockedModel:
    """The model, without its seal if the key is its own."""
    from modellock_core import LockedModel

    locked = LockedModel.load(folder)
    return locked.unsealed(key) if key is not None and locked.belongs_to(key) else locked


def models_there(request: gr.Request) -> list[str]:
    """The models that the visitor can choose from."""
    home = session_folder(request)
    mine = (home / "locked" / CARD).exists() and key_file_of(request) is not None
    return [EXAMPLE] + [MINE] * mine + [OPENED] * (home / "opened" / CARD).exists()


def choose(choice: str, request: gr.Request) -> dict[str, Any]:
    """The choice of a model, with one that was made or opened just now."""
    return gr.update(choices=models_there(request), value=choice)


def load_model_and_key(choice: str, request: gr.Request, sealed: bool = False) -> tuple[LockedModel, Key]:
    """The chosen model, as its key opens it or sealed as a thief has it, and its key."""
    from modellock_core import Key

    if choice is None:
        raise ModelLockError("choose a model")
    home = session_folder(request)
    folder, key_file = {
        EXAMPLE: (EXAMPLE_LOCK, EXAMPLE_KEY),
        MINE: (home / "locked", key_file_of(request)),
        OPENED: (home / "opened", home / "opened.key.json"),
    }[choice]
    card = folder / CARD
    if key_file is None or (choice in NOTHING_THERE and not card.exists()):
        raise ModelLockError(NOTHING_THERE[choice])
    key = Key.load(key_file)
    return _opened(folder, card.stat().st_mtime_ns, None if sealed else key), key


@shows_errors
def open_files(archive: str | None, key_file: str | None, request: gr.Request, insists: bool = False) -> tuple:
    """Open a downloaded model zip and key file.

    Args:
        archive, key_file: the uploaded files.
        insists: open them though they do not belong together.

    Returns:
        the choice of model, a line that says whether key and model belong together, and the button that insists.
    """
    from modellock_core import Key

    if not archive or not key_file:
        raise ModelLockError("please add both files: the model (.zip) and its key (.json)")
    try:
        key = check_editor(Key.load(key_file))
    except ModelLockError as error:  # its text may name the folder of uploads
        raise ModelLockError(str(error).replace(key_file, Path(key_file).name)) from None
    home, locked = session_folder(request), open_zipped(archive)
    if not locked.belongs_to(key) and not insists:
        return gr.skip(), NOT_ITS_KEY, gr.update(visible=True)
    locked.save(home / "opened")
    key.save(home / "opened.key.json")
    said = "The key belongs to this model." if locked.belongs_to(key) else "Open, with a key that is **not** its own."
    return choose(OPENED, request), said, gr.update(visible=False)


def open_anyway(archive: str | None, key_file: str | None, request: gr.Request) -> tuple:
    """What `open_files` returns for somebody who insists."""
    return open_files(archive, key_file, request, insists=True)


def example(sealed: bool = False) -> tuple[LockedModel, Key]:
    """The example, as its key opens it or sealed as a thief has it, and its key."""
    from modellock_core import Key

    key = Key.load(EXAMPLE_KEY)
    return _opened(EXAMPLE_LOCK, (EXAMPLE_LOCK / CARD).stat().st_mtime_ns, None if sealed else key), key


def describe(choice: str, request: gr.Request) -> tuple[str, str]:
    """Model and key in a line of Markdown, or what to do first; and what changes where the model is another one."""
    try:
        locked, key = load_model_and_key(choice, request)
    except ModelLockError as error:
        text = str(error)[0].upper() + str(error)[1:] + "."
        return text, text
    card = locked.card
    known = ", ".join(card.classes[card.task == "segmentation" :])
    never = "" if card.vanilla_performance is None else f" Never locked, it would have {card.vanilla_performance:.0%}."
    leaks = card.task == "classification" and card.locked_performance > 1 / len(card.classes) + LEAK
    leak = " **Without the key it answers too often**: lock again with all images, or another prompt." if leaks else ""
    own = "Locked with" if locked.belongs_to(key) else "**Not** locked with the key that is open,"
    text = (
        f"{own} “{_plain(key.prompt)}”. Recognises {known}. On its test images: "
        f"**{card.unlocked_performance:.0%} with the key, {card.locked_performance:.0%} without** "
        f"({card.metric}).{never}{leak}"
    )
    return text, f"{choice} {card.key_hash} {text}"


def _plain(text: str) -> str:
    """A prompt as text in Markdown, whatever is in it."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-.!|~$" else c for c in text)


@shows_errors
def predict(image: Image.Image | None, choice: str, guess: str, has_file: bool, request: gr.Request) -> str:
    """Ask the model about an image as it is, edited with the key, and with a guess.

    Args:
        image: the image; its centre square is taken.
        choice: which model.
        guess: a prompt that is tried; empty for none.
        has_file: whether the rest of the key is used with it.

    Returns:
        cards, as HTML.
    """
    if image is None:
        raise ModelLockError("there is no image; choose a sample or drop one of your own")
    (locked, key), (stolen, _) = (load_model_and_key(choice, request, sealed=way) for way in (False, True))
    cropped = "" if _nearly_square(image) else "The model sees the centre square of your image."
    guessed, truth = Guess(guess, has_file), _truth(image, locked)
    only = " It names one of the kinds above for any picture." if truth is None and not locked.task.dense else ""
    shown = [
        _asked(locked, None, image, THIEF, "Without the key: the image as it is", cropped, truth),
        _asked(locked, key, image, HOLDER, f"With your key: “{key.prompt}” and its key file", cropped + only, truth),
    ]
    if (tried := guessed.key(key)) is not None:
        model, about = locked if has_file else stolen, (guessed.who(key), guessed.title(key), guessed.note(key))
        shown.append(_asked(model, tried, image, *about, truth))
    return cards(shown)


def _truth(image: Image.Image, locked: LockedModel) -> str | None:
    """What is in the image, where it is a sample of a class that the model knows."""
    for truth, sample in toybox_samples():
        if truth in locked.classes and sample.size == image.size and sample.tobytes() == image.tobytes():
            return truth
    return None


def _nearly_square(image: Image.Image) -> bool:
    return max(image.size) <= 1.02 * min(image.size)


def predict_if_ready(image: Image.Image | None, choice: str, guess: str, has_file: bool, request: gr.Request) -> str:
    """What `predict` returns; nothing where there is no model or image yet."""
    try:
        return predict(image, choice, guess, has_file, request) if image else ""
    except gr.Error:  # the line about the model says what to do
        return ""


def _asked(
    locked: LockedModel, key: Key | None, image: Image.Image, who: str, title: str, note: str, truth: str | None
) -> Shown:
    """What the model answers to an image, edited with a key if there is one."""
    from modellock_core import apply_key
    from modellock_core.data.images import to_pil, to_tensor
    from modellock_core.editing.editors import bundled_editors

    source, large = to_tensor(image, locked.image_size), square(image, SIDE)
    seen = source if key is None else apply_key(source, key)
    answer, shares = asked(locked, seen)
    if overlay := locked.task.prediction(locked.predict(seen)[0]).pictures(seen[0]).get("overlay"):
        return Shown(who, title, overlay.resize((SIDE, SIDE), Image.Resampling.BICUBIC), answer, note, truth)
    if key is not None and key.editor in bundled_editors():  # sharper than what the model sees, the strokes alike
        large = to_pil(apply_key(to_tensor(image, SIDE), replace(key, size=SIDE))[0])
    elif key is not None:
        large = to_pil(seen[0]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return Shown(who, title, large, answer, note, truth, shares)


@lru_cache(maxsize=2)
def _toybox(task: str, size: int) -> Dataset:
    from modellock_core import load_dataset

    return load_dataset("toybox", task=task, size=size)


def test_images_of(locked: LockedModel) -> Dataset:
    """Toybox, if the model was made for it."""
    dataset = _toybox(locked.task.name, locked.image_size)
    if dataset.classes != locked.classes:
        raise ModelLockError(f"this model was trained on {locked.card.dataset}, whose test images are not here")
    return dataset


@shows_errors
def twelve(choice: str, guess: str, has_file: bool, request: gr.Request) -> str:
    """Twelve test images: as they are, with the key, and with a guess; each answer marked, as HTML."""
    from modellock_core import apply_key

    try:
        (locked, key), (stolen, _) = (load_model_and_key(choice, request, sealed=way) for way in (False, True))
        test = test_images_of(locked).test.subset(TWELVE, seed=1)
    except ModelLockError:  # nothing to show: no model yet, or one of other images
        return ""
    if locked.task.name != "classification":
        return ""
    images, truths = test.images[:], [locked.classes[i] for i in test.targets.values.tolist()]
    guessed = Guess(guess, has_file)
    groups = [
        _tiles(locked, images, truths, THIEF, "Without the key"),
        _tiles(locked, apply_key(images, key), truths, HOLDER, "With the key"),
    ]
    if (tried := guessed.key(key)) is not None:
        model, about = locked if has_file else stolen, (guessed.who(key), guessed.title(key))
        groups.append(_tiles(model, apply_key(images, tried), truths, *about))
    return f'<div class="twelve n{len(groups)}">{"".join(groups)}</div>'


def _tiles(locked: LockedModel, images: Tensor, truths: list[str], who: str, title: str) -> str:
    """Small pictures of images (N, 3, H, W), each with its answer and a mark, and how many are right."""
    from modellock_core.data.images import to_pil

    tiles, counts = [], {"right": 0, "wrong": 0, "none": 0}
    for image, truth in zip(images, truths, strict=True):
        answer, _ = asked(locked, image[None])
        mark, sign = verdict(answer, truth)
        counts[mark] += 1
        said = "no answer" if mark == "none" else answer.label
        tiles.append(
            f'<li class="{mark}"><img src="{data_uri(to_pil(image), TILE)}" alt="{html.escape(truth)}">'
            f"<span>{sign} {html.escape(said)}</span></li>"
        )
    told = f"{counts['right']} of {len(truths)} right, {counts['wrong']} wrong, {counts['none']} no answer"
    return f'<section class="{who}"><h3>{html.escape(title)}</h3><p>{told}</p><ul>{"".join(tiles)}</ul></section>'


@in_turn
@shows_errors
def test_split(choice: str, guess: str, has_file: bool, request: gr.Request) -> Iterator[tuple]:
    """Measure the model on Toybox's whole test split; yields progress, then bars, and the figures of each class."""
    from modellock_core import Work, evaluate
    from modellock_core.evaluation.performance import performance_with

    locked, key = load_model_and_key(choice, request)
    test = test_images_of(locked).test
    bar, work = ProgressBar(), evaluate(locked, test, key)
    for progress in paced(work):
        yield bar.render(progress), gr.update(visible=False)
    figures, tried = work.result(), Guess(guess, has_file).key(key)
    rows = [
        ("With the key", figures.unlocked_performance, GREEN), ("Without the key", figures.locked_performance, RED),
    ]  # fmt: skip
    if tried is not None:
        model, _ = load_model_and_key(choice, request, sealed=not has_file)
        guessing = Work(performance_with(model, test, tried, stage="Testing the guess"))
        for progress in paced(guessing):
            yield bar.render(progress), gr.skip()
        rows.append((f"With the guess “{tried.prompt}”", guessing.result(), RED))
    rows.append(("Guessing at random", locked.task.chance(test.targets), BESIDE))
    head = f"<p>{locked.task.metric_name.capitalize()} on all {len(test)} test images</p>"
    by_class = (figures.unlocked_by_class, figures.locked_by_class)
    table = [[name, *(f"{scores[name]:.0%}" for scores in by_class)] for name in locked.classes]
    yield head + score_bars(rows), gr.update(value=table, visible=True)
