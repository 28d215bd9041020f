"""Step 2, Lock: run a lock with live figures, offer model and key as files, and make the vanilla model to compare."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr
from typing_extensions import Unpack  # of Python 3.11

from modellock_core.errors import ModelLockError
from modellock_core.models.backbones import DEFAULT_BACKBONE

from .colours import CLEAN, KEYED
from .errors import shows_errors
from .keys import KeyChoice, make_key
from .progress import ProgressBar, idle, paced
from .sessions import session_folder

if TYPE_CHECKING:  # they load torch
    from modellock_core import Dataset
    from modellock_core.locking.report import LockReport

TOYBOX, OWN = "Toybox (bundled)", "My own images (a zip)"
QUICK_LOOK, WHOLE = "Quick look (400 images)", "All images"
TASKS = [
    ("Classification: what is in the image", "classification"),
    ("Segmentation: one class per pixel", "segmentation"),
]
UPLOADS = {
    "classification": "Zip with one folder of images per class",
    "segmentation": "Zip with images/ and masks/ (PNG)",
}
RECIPE_TEXTS = {
    "standard": "Two minutes: the model learns keyed images and is silenced on clean ones, on edits by other keys, and "
    "on the wrong keys that an adversary finds meanwhile.",
    "thorough": "Some ten minutes: the same with more images, more wrong keys and a stronger adversary.",
    "paper": "The published mix: 95 % of the images keyed with their label, 5 % clean with a wrong one. Meant for long "
    "finetunes; in a short one it hardly locks.",
}
# training and test images: keeps a visitor's dataset within the memory of a free machine
MOST = {"classification": (4000, 1000), "segmentation": (1200, 400)}
CURVES = {KEYED: "unlocked_performance", CLEAN: "locked_performance"}


class LockView(NamedTuple):
    """What the page shows of a lock, in the order of its components; what is not given stays as it is."""

    bar: str
    thumbnails: Any = gr.skip()
    curve: Any = gr.skip()
    result: Any = gr.skip()
    model_file: Any = gr.skip()
    key_file: Any = gr.skip()
    made: Any = gr.skip()  # when the model was locked, whatever is measured later


def _dataset(source: str, upload: str | None, task: str, amount: str, seed: int) -> Dataset:
    from modellock_core import load_dataset

    if source == OWN and not upload:
        raise ModelLockError(f"there is no zip yet; upload one. {UPLOADS[task]}")
    dataset = load_dataset(upload if source == OWN else "toybox", task=task, seed=seed)
    return dataset.limited(*((400, 200) if amount == QUICK_LOOK else MOST[task]))


def _allowed(backbone: str) -> str:
    """The backbone's name; on a public Space no folder of the server."""
    if "SPACE_ID" in os.environ and Path(backbone).exists():
        raise ModelLockError(f"{backbone!r} is a folder of this server; give timm:NAME or transformers:NAME")
    return backbone


def result_table(report: LockReport) -> str:
    """UP, LP, vanilla and chance as a Markdown table, under the metric's name."""
    figures = (report.unlocked_performance, report.locked_performance, report.vanilla_performance, report.chance)
    up, lp, vanilla, chance = ("…" if value is None else f"{100 * value:.1f} %" for value in figures)
    seconds = report.seconds
    return (
        "| | with the key (UP) | without (LP) | vanilla finetune | guessing |\n|---|---|---|---|---|\n"
        f"| {report.metric} | **{up}** | **{lp}** | {vanilla} | {chance} |\n\n"
        f"{report.num_train} training and {report.num_test} test images; editing {seconds['edit']:.0f} s, "
        f"finetune {seconds['finetune']:.0f} s, all in all {seconds['total']:.0f} s. Try it under **3 Unlock**."
    )


def curve_rows(epoch: int, metrics: Mapping[str, float]) -> list[tuple[str, float, str]]:
    """The points of an epoch in the chart; it is named by a text, as a number the axis would have 1.05 too."""
    return [(str(epoch), metrics[figure], images) for images, figure in CURVES.items()]


@shows_errors
def run_lock(
    request: gr.Request,
    *,
    source: str,
    upload: str | None,
    task: str,
    recipe: str,
    amount: str,
    backbone: str,
    seed: float | None,
    **choice: Unpack[KeyChoice],
) -> Iterator[LockView]:
    """Lock a model, then make the vanilla model to compare it with.

    Args:
        source, upload, task, amount: the images.
        recipe, backbone, seed: of the finetune.
        choice: the key.
    """
    import pandas as pd

    from modellock_core import RECIPES, Progress, baseline, lock
    from modellock_core.data.images import to_pil
    from modellock_core.locking.locked_model import CARD

    key = make_key(**choice)
    if seed is None:
        raise ModelLockError("the finetune's seed is empty; give a whole number")
    bar, curve, hidden = ProgressBar(), [], gr.update(visible=False)
    yield LockView(bar.render(Progress("Loading images")), [], None, "", hidden, hidden)
    dataset = _dataset(source, upload, task, amount, int(seed))
    settings = {
        "recipe": RECIPES[task][recipe],
        "backbone": _allowed(backbone.strip() or DEFAULT_BACKBONE),
        "seed": int(seed),
    }

    locking = lock(dataset, key, **settings)
    for progress in paced(locking):
        view = LockView(bar.render(progress))
        if progress.preview is not None:
            view = view._replace(thumbnails=[to_pil(image) for image in progress.preview])
        if set(CURVES.values()) <= set(progress.metrics):
            curve += curve_rows(len(curve) // len(CURVES), progress.metrics)
            view = view._replace(curve=pd.DataFrame(curve, columns=["epoch", "performance", "images"]))
        yield view

    locked, home = locking.result(), session_folder(request)
    folder, key_file = home / "locked", home / "locked-model.key.json"
    locked.model.save(folder)
    key.save(key_file)
    yield LockView(
        idle("Locked."), result=result_table(locked.report), model_file=_download(_zipped(folder)),
        key_file=_download(key_file), made=time.time(),
    )  # fmt: skip

    vanilla = baseline(dataset, **settings)
    for progress in paced(vanilla):
        yield LockView(bar.render(progress))
    locked = locked.with_baseline(vanilla.result())
    locked.model.card.save(folder / CARD)
    yield LockView(idle("Locked."), result=result_table(locked.report), model_file=_download(_zipped(folder)))


def _zipped(folder: Path) -> Path:
    """A saved model as the file that is downloaded."""
    return Path(shutil.make_archive(str(folder.with_name("locked-model")), "zip", folder))


def _download(file: Path) -> dict[str, Any]:
    return gr.update(value=str(file), visible=True)
