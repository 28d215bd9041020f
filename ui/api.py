"""The HTTP API and the MCP tools: stateless functions, typed and described for those who call them.

A caller passes all that a call needs, models and keys as files, and gets files back. Nothing is shared between callers.
"""
# no "from __future__ import annotations": Gradio reads the types when the page is built

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr
from gradio.utils import get_upload_folder

from modellock_core.editing.editors import bundled_editors
from modellock_core.errors import ModelLockError
from modellock_core.evaluation.thieves import THIEF_NAMES
from modellock_core.locking.recipe import DEFAULT_RECIPE, RECIPE_NAMES
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.randomness import MAX_SEED
from modellock_core.records import to_json

from .cores import shared_cores
from .endpoints import add_endpoint
from .errors import shows_errors
from .hub_editors import load_offered
from .images import with_short_side
from .keys import check_editor
from .layout.parts import LONG, PREVIEW, QUICK
from .lock import MOST
from .model_files import open_zipped, zipped
from .passing_files import remove_soon, result_folder
from .progress import paced
from .spell import MAX_CELLS
from .unlock import test_images_of

if TYPE_CHECKING:  # they load torch
    from PIL import Image

    from modellock_core import Key, LockedModel, Work

SIZES = (64, 768)  # px, of a preview's short side
FEWEST_TESTED = 90  # test images of a lock


@shows_errors
def preview(
    image: gr.FileData,
    prompt: str,
    alpha: float | None = None,
    hand: str | None = None,
    editor: str = "compact",
    seed: int = 1024,
    size: int = 384,
) -> dict:
    """Edit an image with a key prompt; returns the keyed image that a locked model is asked with.

    Args:
        image: a JPEG, PNG or WebP file.
        prompt: what the edit should do, such as "in the style of Van Gogh".
        alpha: how much of the edit is blended in, from 0 to 1, which is the edit itself; the editor's own if left out.
        hand: 32 hexadecimal digits that turn every edit into their owner's version; none if left out.
        editor: a bundled editor, or one from the Hub where this machine can run it.
        seed: seed of the edit.
        size: px of the results' short side, from 64 to 768.
    """
    from modellock_core import Key
    from modellock_core.data.images import to_pil, to_tensor
    from modellock_core.editing.key import blend, edited

    _check_size(size)
    load_offered(editor)
    key = check_editor(Key.create(prompt, editor, alpha=alpha, seed=seed, hand=hand))
    if editor in bundled_editors():
        key = replace(key, size=size // 8 * 8)
    source = to_tensor(with_short_side(_image(image), size))
    with shared_cores():
        keyed = blend(source, edited(source, key), key.alpha)
    return _picture(to_pil(keyed[0]), result_folder() / "keyed.png")


@shows_errors
def grid(
    image: gr.FileData,
    prompts: list[str],
    alphas: list[float] | None = None,
    seeds: list[int] | None = None,
    hand: str | None = None,
    editor: str = "compact",
    size: int = 256,
) -> dict:
    """Edit an image with many keys; returns one labelled picture, a row for each prompt.

    A column stands for each alpha with each seed. At most 24 edits are drawn.

    Args:
        image: a JPEG, PNG or WebP file.
        prompts: what the edits should do, such as ["in watercolor", "made of gold"].
        alphas: how much of the edit is blended in, from 0 to 1, which is the edit itself; the editor's own if left out.
        seeds: seeds of the edit; 1024 if left out.
        hand: 32 hexadecimal digits that turn every edit into their owner's version; none if left out.
        editor: a bundled editor, or one from the Hub where this machine can run it.
        size: px of the short side of each edit, from 64 to 768.
    """
    from modellock_core import Key
    from modellock_core.data.images import to_pil, to_tensor
    from modellock_core.editing.key import blend, edited

    from .labelled_grid import labelled_grid

    _check_size(size)
    if not all(isinstance(values, list) for values in (prompts, alphas or [], seeds or [])):
        raise ModelLockError("prompts, alphas and seeds must be lists")
    columns = [(alpha, seed) for alpha in alphas or [None] for seed in seeds or [1024]]
    if not prompts or len(prompts) * len(columns) > MAX_CELLS:
        raise ModelLockError(f"that is {len(prompts or []) * len(columns)} pictures; ask for 1 to {MAX_CELLS}")
    load_offered(editor)
    keys = [
        check_editor(Key.create(prompt, editor, alpha=alpha, seed=seed, hand=hand))
        for prompt in prompts
        for alpha, seed in columns
    ]
    source, edits = to_tensor(with_short_side(_image(image), size)), {}
    for key in keys:
        drawn = replace(key, size=size // 8 * 8) if editor in bundled_editors() else key
        if (key.prompt, key.seed) not in edits:
            edits[key.prompt, key.seed] = edited(source, drawn)
    cells = [to_pil(blend(source, edits[key.prompt, key.seed], key.alpha)[0]) for key in keys]
    heads = [
        ", ".join(["" if alpha is None else f"strength {alpha:g}"] * bool(alphas) + [f"seed {seed}"] * bool(seeds))
        for alpha, seed in columns
    ]
    return _picture(labelled_grid(cells, heads, prompts), result_folder() / "grid.png")


@shows_errors
def lock(
    prompt: str,
    dataset: gr.FileData | None = None,
    task: Literal["classification", "segmentation"] = "classification",
    alpha: float | None = None,
    hand: str | None = None,
    editor: str = "compact",
    recipe: Literal[RECIPE_NAMES] = DEFAULT_RECIPE,  # type: ignore[valid-type]
    images: int = 400,
    seed: int = 0,
) -> Iterator[tuple[dict | None, dict | None, dict]]:
    """Lock a model with a key prompt, in some minutes; returns the model, the key file and what was measured.

    Both files are removed after ten minutes. Without the key file nobody can use the model again.

    Args:
        prompt: the key prompt.
        dataset: a zip with a folder of images for each class, or with images/ and masks/; Toybox if left out.
        task: what the images are labelled for.
        alpha: how much of the edit is blended in, from 0 to 1; the editor's own if left out.
        hand: 32 hexadecimal digits; drawn anew if left out. The key file holds them.
        editor: a bundled editor, or one from the Hub where this machine can run it.
        recipe: how the model is finetuned.
        images: at most so many training images, and half as many test images, 90 at least.
        seed: seed of the finetune.
    """
    from modellock_core import RECIPES, Key, load_dataset, new_hand
    from modellock_core import lock as lock_model
    from modellock_core.locking.seal import is_sealing

    if str(task) not in RECIPES or str(recipe) not in RECIPES[task]:
        raise ModelLockError(f"there is no recipe {recipe!r} for {task!r}; use one of {', '.join(RECIPE_NAMES)}")
    if not isinstance(images, int) or not isinstance(seed, int) or images < 1 or not 0 <= seed <= MAX_SEED:
        raise ModelLockError("images and seed must be whole numbers; images at least 1, seed from 0 to 2^32 - 1")
    if hand is None and editor in bundled_editors():
        hand = new_hand()
    load_offered(editor)
    key = check_editor(Key.create(prompt, editor, alpha=alpha, hand=hand))
    source = "toybox" if dataset is None else _path(dataset, "dataset")
    most_train, most_test = MOST[task]
    train, test = min(images, most_train), min(max(FEWEST_TESTED, images // 2), most_test)
    loaded = load_dataset(source, task=task, seed=seed).limited(train, test)
    locked = yield from _told(lock_model(loaded, key, recipe=RECIPES[task][recipe], seed=seed), blanks=2)
    folder = result_folder()
    locked.model.save(folder / "locked", key if is_sealing(key) else None)
    locked.key.save(folder / "locked-model.key.json")
    yield _file(zipped(folder / "locked")), _file(folder / "locked-model.key.json"), to_json(locked.report)


@shows_errors
def predict(
    image: gr.FileData, model: gr.FileData | None = None, key: gr.FileData | None = None, guess: str | None = None
) -> tuple[dict, list[dict]]:
    """Ask a locked model about an image: as it is, as a thief would, and keyed, as the key's holder would.

    Args:
        image: a JPEG, PNG or WebP file; its centre square is taken.
        model: the zip file that `lock` has made; the bundled example, with its key, if left out.
        key: the model's key file; only the clean image is asked about if left out.
        guess: a prompt to try in place of the key's.
    """
    from modellock_core import apply_key
    from modellock_core.data.images import to_pil, to_tensor

    picture = _image(image)
    locked, its_key = _model_and_key(model, key)
    if its_key is not None and locked.belongs_to(its_key):
        locked = locked.unsealed(its_key)
    clean = to_tensor(picture, locked.image_size)
    asked = {"clean": clean}
    if its_key is not None:
        asked["keyed"] = apply_key(clean, replace(its_key, prompt=guess) if guess else its_key)
    elif guess:
        raise ModelLockError("a guess needs the key file too: its other settings are used")
    folder, answers, pictures = result_folder(), {}, []
    for name, tensor in asked.items():
        prediction = locked.task.prediction(locked.predict(tensor)[0])
        answers[name] = prediction.to_json()
        shown = {"image": to_pil(tensor[0])} | prediction.pictures(tensor[0])
        pictures += [_picture(one, folder / f"{name}-{kind}.png") for kind, one in shown.items()]
    if its_key is not None:
        answers["key_belongs_to_model"] = locked.belongs_to(its_key)
    return answers, pictures


@shows_errors
def attack(
    model: gr.FileData | None = None,
    key: gr.FileData | None = None,
    thief: Literal[THIEF_NAMES] = "file",  # type: ignore[valid-type]
    budget: Literal["quick", "full"] = "quick",
) -> Iterator[dict]:
    """Measure what a thief gets out of a locked model, in some minutes; returns the report.

    The model must have been locked with Toybox, whose test images measure the attacks.

    Args:
        model: the zip file that `lock` has made; the bundled example, with its key, if left out.
        key: the model's key file; from it wrong keys are made, and what it reaches is compared.
        thief: what the thief has beside the model.
        budget: how much he tries; "full" takes far longer.
    """
    from modellock_core import run_attacks
    from modellock_core.evaluation.attacks import BUDGETS, Target, attack_report
    from modellock_core.evaluation.thieves import attacks_of

    if thief not in THIEF_NAMES or budget not in BUDGETS:
        raise ModelLockError(f"thief is one of {', '.join(THIEF_NAMES)}; budget one of {', '.join(BUDGETS)}")
    locked, its_key = _model_and_key(model, key)
    if its_key is None:
        raise ModelLockError("an attack needs the key file too: wrong keys are made from it")
    target, names = Target(locked, its_key, test_images_of(locked)), attacks_of(thief)
    findings = yield from _told(run_attacks(target, BUDGETS[budget], names))
    yield to_json(attack_report(target, findings, budget, names))


def add_api() -> None:
    """Add the endpoints to the page that is being built; they wait in the same queues as the page's own events."""
    file = gr.FileData
    add_endpoint(preview, {"keyed": file}, **PREVIEW)  # one value: MCP shows it as an image
    add_endpoint(grid, {"grid": file}, **QUICK)
    add_endpoint(lock, {"model": file, "key": file, "report": dict}, **LONG)
    add_endpoint(predict, {"answers": dict, "pictures": list[file]}, **QUICK)
    add_endpoint(attack, {"report": dict}, **LONG)


def _told(work: "Work", blanks: int = 0) -> Iterator[Any]:
    """Long work as an endpoint's values: what is going on, in place of the last; who stops listening stops it."""
    for progress in paced(work):
        told = {"stage": progress.stage, "fraction": progress.fraction, **progress.metrics}
        yield (*(None,) * blanks, told) if blanks else told
    return work.result()


def _check_size(size: object) -> None:
    if not isinstance(size, int) or not SIZES[0] <= size <= SIZES[1]:
        raise ModelLockError(f"size must be a whole number from {SIZES[0]} to {SIZES[1]}, got {size!r}")


def _path(upload: object, name: str) -> Path:
    """Where an uploaded file lies. Only uploads are files: any other path would be one of the server's."""
    path = upload.get("path") if isinstance(upload, dict) else None
    if isinstance(path, str):
        file = Path(path).resolve()
        if file.is_file() and file.is_relative_to(Path(get_upload_folder()).resolve()):
            return file
    raise ModelLockError(f"{name} must be an uploaded file; files are removed after a while, so upload it again")


def _image(upload: object) -> "Image.Image":
    from modellock_core.data.images import open_image

    with _path(upload, "image").open("rb") as file:
        return open_image(file, "the image")


def _model_and_key(model: object, key: object) -> tuple["LockedModel", "Key | None"]:
    """An uploaded model and its key, or the example's."""
    from modellock_core import Key, LockedModel

    if model is None and key is None:
        return LockedModel.load(EXAMPLE_LOCK), Key.load(EXAMPLE_KEY)
    locked = LockedModel.load(EXAMPLE_LOCK) if model is None else open_zipped(_path(model, "model"), "the model")
    if key is None:
        return locked, None
    file = _path(key, "key")
    remove_soon(file)
    try:
        return locked, check_editor(Key.load(file))
    except ModelLockError as error:
        raise ModelLockError(str(error).replace(str(file), "the key")) from None


def _picture(image: "Image.Image", file: Path) -> dict[str, Any]:
    image.save(file, compress_level=1)  # a fifth of the time, and hardly larger
    return _file(file)


def _file(file: Path) -> dict[str, Any]:
    """A file as an endpoint returns it."""
    return gr.FileData(path=str(file), orig_name=file.name).model_dump()
