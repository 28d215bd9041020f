"""Step 3, Unlock: the same model on clean and on keyed images, with the key or with a guess."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from PIL import Image

from modellock_core.errors import ModelLockError
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

from .errors import shows_errors
from .keys import check_editor
from .progress import ProgressBar, idle, paced
from .sessions import session_folder

if TYPE_CHECKING:  # they load torch
    from torch import Tensor

    from modellock_core import Dataset, Key, LockedModel

EXAMPLE, MINE, OPENED = "The example", "The one I just locked", "Opened from files"
BY_CLASS = ["class", "with the key", "without"]
NOTHING_THERE = {
    MINE: "nothing is locked yet; do step 2 first, or choose the example",
    OPENED: "no model is open yet; open its zip and key file, or choose the example",
}
SHOWN_SIZE = 384  # px, of the images beside the answers
MAX_MODEL_BYTES = 200 * 2**20


@lru_cache(maxsize=4)
def _load(folder: Path, changed: int) -> LockedModel:
    from modellock_core import LockedModel

    return LockedModel.load(folder)


def load_model_and_key(choice: str, request: gr.Request) -> tuple[LockedModel, Key]:
    """The chosen model and its key."""
    from modellock_core import Key

    home = session_folder(request)
    folder, key_file = {
        EXAMPLE: (EXAMPLE_LOCK, EXAMPLE_KEY),
        MINE: (home / "locked", home / "locked-model.key.json"),
        OPENED: (home / "opened", home / "opened.key.json"),
    }[choice]
    card = folder / "card.json"
    if choice in NOTHING_THERE and not card.exists():
        raise ModelLockError(NOTHING_THERE[choice])
    return _load(folder, card.stat().st_mtime_ns), Key.load(key_file)


@shows_errors
def open_files(archive: str | None, key_file: str | None, request: gr.Request) -> tuple:
    """Open a downloaded model zip and key file.

    Returns:
        the choice of model, and a line that says whether key and model belong together.
    """
    from modellock_core import Key, LockedModel

    if not archive or not key_file:
        raise ModelLockError("two files are needed: the model's zip and its key file (.json)")
    key = check_editor(Key.load(key_file))
    home = session_folder(request)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(archive) as content:
                for name in ("model.safetensors", "card.json"):
                    if content.getinfo(name).file_size > MAX_MODEL_BYTES:
                        raise ModelLockError(f"{name} is larger than 200 MiB: not a model of this app")
                    (Path(folder) / name).write_bytes(content.read(name))
        except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, EOFError):
            raise ModelLockError(f"{Path(archive).name} is no locked model; choose the zip saved in step 2") from None
        try:
            locked = LockedModel.load(folder)
        except ModelLockError:  # its text names the temporary folder
            raise ModelLockError(f"{Path(archive).name} is damaged or of another version; save it again") from None
    locked.save(home / "opened")
    key.save(home / "opened.key.json")
    if locked.belongs_to(key):
        return OPENED, "The key belongs to this model."
    return OPENED, "⚠️ This key did **not** lock this model, so it should not open it."


def describe(choice: str, request: gr.Request) -> str:
    """The model's card in a line of Markdown, or what to do first."""
    try:
        locked, _ = load_model_and_key(choice, request)
    except ModelLockError as error:
        return str(error)[0].upper() + str(error)[1:] + "."
    card = locked.card
    reached = [f"with the key {card.unlocked_performance:.0%}", f"without {card.locked_performance:.0%}"]
    if card.vanilla_performance is not None:
        reached.append(f"a vanilla finetune {card.vanilla_performance:.0%}")
    known = ", ".join(card.classes)
    return f"Knows {known}. On the test images of {card.dataset}, {card.metric}: {', '.join(reached)}."


@shows_errors
def predict(image: Image.Image | None, choice: str, guess: str, request: gr.Request) -> tuple:
    """Ask the model about a clean and a keyed image.

    Args:
        image: the image; its centre square is taken.
        choice: which model.
        guess: a prompt to try instead of the key's; empty to use the key.

    Returns:
        clean image, its probabilities and its areas, and the same of the keyed image.
    """
    if image is None:
        raise ModelLockError("there is no image; choose a sample or drop one of your own")
    return _predict(image, choice, guess, request)


def predict_if_ready(image: Image.Image | None, choice: str, guess: str, request: gr.Request) -> tuple:
    """What `predict` returns; the page stays as it is where there is no model or image yet."""
    try:
        return _predict(image, choice, guess, request) if image else (gr.skip(),) * 6
    except ModelLockError:
        return (gr.skip(),) * 6


def _predict(image: Image.Image, choice: str, guess: str, request: gr.Request) -> tuple:
    from modellock_core import apply_key
    from modellock_core.data.images import to_tensor

    locked, key = load_model_and_key(choice, request)
    clean = to_tensor(image, locked.image_size)
    keyed = apply_key(clean, _with_guess(key, guess))
    title = "Keyed with the guess" if _is_guess(key, guess) else "Keyed"
    return *_answer(locked, clean, "Clean"), *_answer(locked, keyed, title)


def _answer(locked: LockedModel, image: Tensor, title: str) -> tuple:
    """An image (1, 3, H, W) as a picture with its title, the probabilities of its classes, and its areas."""
    from modellock_core.data.images import to_pil

    probabilities = locked.predict(image)[0]
    prediction = locked.task.prediction(probabilities)
    label = "No answer: all classes are alike" if prediction.abstains else "Answer"
    picture = to_pil(image[0]).resize((SHOWN_SIZE, SHOWN_SIZE), Image.Resampling.BICUBIC)
    shown, hidden = gr.update(value=picture, label=title), gr.update(visible=False)
    if mask := prediction.pictures(image[0]).get("mask"):
        return shown, hidden, areas(picture, mask, locked.classes, label)
    shares = dict(zip(locked.classes, probabilities.tolist(), strict=True))
    return shown, gr.update(value=shares, label=label, visible=True), hidden


def areas(picture: Image.Image, mask: Image.Image, classes: tuple[str, ...], label: str) -> dict[str, Any]:
    """A picture with the areas of a mask, a palette image of class indices, and a legend of the classes in it."""
    values = np.asarray(mask.resize(picture.size, Image.Resampling.NEAREST))
    found = [(values == i, name) for i, name in enumerate(classes) if i and (values == i).any()]
    palette = np.reshape(mask.getpalette(), (-1, 3))
    colours = {name: "#" + bytes(palette[i].tolist()).hex() for i, name in enumerate(classes)}
    return gr.update(value=(picture, found), color_map=colours, label=label, visible=True)


def _is_guess(key: Key, guess: str | None) -> bool:
    return bool(guess and guess.strip()) and guess.strip() != key.prompt


def _with_guess(key: Key, guess: str | None) -> Key:
    return replace(key, prompt=guess.strip()) if _is_guess(key, guess) else key


def test_images_of(locked: LockedModel) -> Dataset:
    """Toybox, if the model was made for it."""
    from modellock_core import load_dataset

    dataset = load_dataset("toybox", task=locked.task.name, size=locked.image_size)
    if dataset.classes != locked.classes:
        raise ModelLockError(f"this model was trained on {locked.card.dataset}, whose test images are not here")
    return dataset


@shows_errors
def test_split(choice: str, guess: str, request: gr.Request) -> Iterator[tuple]:
    """Measure the model on Toybox's whole test split; yields progress, then the figures, and those of each class."""
    from modellock_core import evaluate

    locked, key = load_model_and_key(choice, request)
    test = test_images_of(locked).test
    bar, work = ProgressBar(), evaluate(locked, test, _with_guess(key, guess))
    for progress in paced(work):
        yield bar.render(progress), gr.skip()
    figures = work.result()
    label = f"with the guess “{guess.strip()}”" if _is_guess(key, guess) else "with the key"
    said = (
        f"{len(test)} test images: {locked.task.metric_name} {figures.unlocked_performance:.1%} {label}, "
        f"{figures.locked_performance:.1%} on clean images; guessing gives {locked.task.chance(test.targets):.0%}."
    )
    by_class = (figures.unlocked_by_class, figures.locked_by_class)
    rows = [[name, *(f"{scores[name]:.1%}" for scores in by_class)] for name in locked.classes]
    yield idle(said), gr.update(value=rows, visible=True)
