"""Step 3, Unlock: the same model on clean and on keyed images, with the key or with a guess."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from modellock_core.errors import ModelLockError
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

from .errors import shows_errors
from .progress import ProgressBar, idle
from .sessions import session_folder
from .spell import editors

EXAMPLE, MINE, OPENED = "The example", "The one I just locked", "Opened from files"
BY_CLASS = ["class", "with the key", "without"]
SILENT = 2.0  # times guessing; below, the page calls an answer none
MAX_MODEL_BYTES = 200 * 2**20


@lru_cache(maxsize=4)
def _load(folder: str, changed: float):
    from modellock_core.locked_model import LockedModel

    return LockedModel.load(folder)


def load_model_and_key(choice: str, request: gr.Request) -> tuple:
    """The chosen `LockedModel` and its `Key`."""
    from modellock_core.keys import Key

    home = session_folder(request)
    folder, key_file = {
        EXAMPLE: (EXAMPLE_LOCK, EXAMPLE_KEY),
        MINE: (home / "locked", home / "locked-model.key.json"),
        OPENED: (home / "opened", home / "opened.key.json"),
    }[choice]
    if not (folder / "card.json").exists():
        raise ModelLockError({MINE: "nothing is locked yet; do step 2 first, or choose the example"}.get(
            choice, "no model is open yet; open its zip and key file, or choose the example"))  # fmt: skip
    return _load(str(folder), (folder / "model.safetensors").stat().st_mtime), Key.load(key_file)


@shows_errors
def open_files(archive: str | None, key_file: str | None, request: gr.Request) -> tuple:
    """Open a downloaded model zip and key file.

    Returns:
        the choice of model, and a line that says whether key and model belong together.
    """
    from modellock_core.keys import Key
    from modellock_core.locked_model import LockedModel

    if not archive or not key_file:
        raise ModelLockError("two files are needed: the model's zip and its key file (.json)")
    key = Key.load(key_file)
    if key.editor not in editors():
        raise ModelLockError(f"this key needs the editor {key.editor!r}; here there is {', '.join(editors())}")
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
    figures = {
        "with the key": "unlocked_performance", "without": "locked_performance",
        "a vanilla finetune": "vanilla_performance",
    }  # fmt: skip
    reached = [f"{label} {card[name]:.0%}" for label, name in figures.items() if isinstance(card.get(name), float)]
    metric, known = locked.task.metric_name, ", ".join(locked.classes)
    return f"Knows {known}. On the test images of {card.get('dataset')}, {metric}: {', '.join(reached)}."


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
    from modellock_core.images import to_pil, to_tensor
    from modellock_core.keys import keyed

    locked, key = load_model_and_key(choice, request)
    clean = to_tensor(image, locked.image_size)
    unlocked = keyed(clean, _with_guess(key, guess))
    titles = {"Clean": clean, "Keyed with the guess" if _is_guess(key, guess) else "Keyed": unlocked}
    answers = []
    for title, x in titles.items():
        probabilities = locked.predict(x)[0]
        silent = float(probabilities.amax(0).mean()) < SILENT / len(probabilities)
        label = "No answer: all classes are alike" if silent else "Answer"
        picture = to_pil(x[0]).resize((384, 384), Image.Resampling.BICUBIC)
        mask = locked.task.mask(probabilities)
        if mask is None:
            shares = dict(zip(locked.classes, probabilities.tolist(), strict=True))
            answer = gr.update(value=shares, label=label, visible=True), gr.update(visible=False)
        else:
            answer = gr.update(visible=False), areas(picture, mask, locked.classes, label)
        answers += [gr.update(value=picture, label=title), *answer]
    return tuple(answers)


def areas(picture: Image.Image, mask, classes: tuple[str, ...], label: str) -> dict:
    """A picture with the areas of a mask (H, W), and a legend of the classes in it."""
    from modellock_core.overlays import class_colours

    values = np.asarray(Image.fromarray(mask.numpy()).resize(picture.size, Image.Resampling.NEAREST))
    found = [(values == i, name) for i, name in enumerate(classes) if i and (values == i).any()]
    colours = {
        name: f"#{red:02x}{green:02x}{blue:02x}"
        for name, (red, green, blue) in zip(classes, class_colours(len(classes)), strict=True)
    }
    return gr.update(value=(picture, found), color_map=colours, label=label, visible=True)


def _is_guess(key, guess: str | None) -> bool:
    return bool(guess and guess.strip()) and guess.strip() != key.prompt


def _with_guess(key, guess: str | None):
    return replace(key, prompt=guess.strip()) if _is_guess(key, guess) else key


def test_images_of(locked):
    """Toybox, if the model was made for it."""
    from modellock_core.datasets import load_dataset

    dataset = load_dataset("toybox", task=locked.task.name, size=locked.image_size)
    if dataset.classes != locked.classes:
        raise ModelLockError(f"this model was trained on {locked.card['dataset']}, whose test images are not here")
    return dataset


@shows_errors
def test_split(choice: str, guess: str, request: gr.Request) -> Iterator[tuple]:
    """Measure the model on Toybox's whole test split; yields progress, then the figures, and those of each class."""
    from modellock_core.evaluation import evaluate

    locked, key = load_model_and_key(choice, request)
    dataset = test_images_of(locked)
    bar = ProgressBar()
    for progress in evaluate(locked, dataset.test, _with_guess(key, guess)):
        yield bar.render(progress.stage, progress.step, progress.of), gr.skip()
    figures, metric = progress.result, locked.task.metric_name
    label = f"with the guess “{guess.strip()}”" if _is_guess(key, guess) else "with the key"
    said = (
        f"{len(dataset.test)} test images: {metric} {figures['unlocked_performance']:.1%} {label}, "
        f"{figures['locked_performance']:.1%} on clean images; "
        f"guessing gives {locked.task.chance(dataset.test.labels):.0%}."
    )
    rows = [
        [name, *(f"{figures[kind][name]:.1%}" for kind in ("unlocked_by_class", "locked_by_class"))]
        for name in locked.classes
    ]
    yield idle(said), gr.update(value=rows, visible=True)
