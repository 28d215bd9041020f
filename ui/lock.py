"""Step 2, Lock: run a lock with live figures, offer model and key as files, and train an unlocked one to compare."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr
from typing_extensions import Unpack  # of Python 3.11

from modellock_core.errors import ModelLockError
from modellock_core.models.backbones import DEFAULT_BACKBONE
from modellock_core.records import from_json, to_json
from modellock_core.writing import write_text

from .backbones import check_backbone
from .colours import CLEAN, KEYED
from .errors import shows_errors
from .key_files import forget_other_keys, keep_key
from .key_files import key_file as key_file_of
from .keys import KeyChoice, make_key
from .lock_figures import before_lock, two_numbers
from .lock_times import Kind, LockClock, expected, plan_of
from .model_files import zipped
from .progress import ProgressBar, Stages, idle, paced
from .sessions import KEPT, session_folder
from .turns import in_turn, tell_left
from .unlock import LEAK

if TYPE_CHECKING:  # they load torch
    from modellock_core import Dataset
    from modellock_core.locking.report import LockReport

TOYBOX, OWN = "Sample images (9 kinds of things)", "My own images (a zip)"
QUICK_LOOK, WHOLE = "400: a quick look", "All of them: better"
TASKS = [
    ("Classification: what is in the image", "classification"),
    ("Segmentation: a class for every pixel", "segmentation"),
]
UPLOADS = {
    "classification": "Zip with one folder of images for each class, at least two classes",
    "segmentation": "Zip with two folders, images and masks (PNG, same file names)",
}
RECIPES = [("Standard", "standard"), ("Thorough", "thorough"), ("As in the paper", "paper")]
RECIPE_TEXTS = {
    "standard": "Recommended. The model learns your edited images, and to stay silent on plain ones, on edits with "
    "other keys, and on the wrong keys that an adversary finds meanwhile.",
    "thorough": "The same with more images, more wrong keys and a stronger adversary. Takes four times as long, and is "
    "right less often.",
    "paper": "As published: 95 % of the images edited, 5 % plain with a wrong label.",
}
ABOUT = 0.03  # that answers without the key may be better than guessing, and still be about as good
# training and test images: keeps a visitor's dataset within the memory of a free machine
MOST = {"classification": (4000, 1000), "segmentation": (1200, 400)}
REPORT = "lock-report.json"  # in the visitor's folder, beside the model
SAMPLES = {QUICK_LOOK: 400 + 200, WHOLE: 1008 + 396}  # training and test images that a lock on Toybox has
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


def time_expected(source: str, task: str, recipe: str, amount: str, backbone: str, editor: str) -> str:
    """What to expect of a lock before it is started, as a line of Markdown."""
    return expected(Kind(task, recipe, _backbone(backbone), editor), SAMPLES.get(amount) if source == TOYBOX else None)


def _backbone(text: str | None) -> str:
    return (text or "").strip() or DEFAULT_BACKBONE


def result_html(report: LockReport, prompt: str) -> str:
    """What came of a lock: two numbers and a sentence.

    Args:
        prompt: of the key, so that nobody takes it for another lock.
    """
    up, lp, chance = report.unlocked_performance, report.locked_performance, report.chance
    never = report.vanilla_performance
    beside = "what a model has that was never locked is being measured"
    if never is not None:
        beside = f"never locked, it would have {never:.0%}"
    if up - chance < 0.5 * ((never or 1) - chance):
        sense = "The key does not open it well. Take all images, or another prompt."
    elif lp - chance > LEAK:
        sense = "Without the key it answers too often: this lock does not hold. Take all images, or another prompt."
    else:
        near = "a little better than" if lp - chance > ABOUT else "about as well as"
        sense = f"With the key it works; without, it does {near} guessing."
    seconds = report.seconds
    return (
        f"<h3>Locked with “{html.escape(prompt)}”</h3>"
        f"{two_numbers(up, lp)}<p><b>{sense}</b> "
        f"Guessing has {chance:.0%}; {beside} ({html.escape(report.metric)}).</p>"
        f'<p class="note">{report.num_train} training and {report.num_test} test images; {seconds["total"]:.0f} s '
        f"in total (editing {seconds['edit']:.0f} s, training {seconds['finetune']:.0f} s). Model and key are kept "
        f"here while this page is open, and {KEPT // 60} minutes longer if you reload it.</p>"
    )


def curve_rows(epoch: int, metrics: Mapping[str, float]) -> list[tuple[str, float, str]]:
    """The points of an epoch in the chart; it is named by a text, as a number the axis would have 1.05 too."""
    return [(str(epoch), metrics[figure], images) for images, figure in CURVES.items()]


@in_turn
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
    """Lock a model, then train one without a lock to compare it with.

    Args:
        source, upload, task, amount: the images.
        recipe, backbone, seed: of the finetune.
        choice: the key.
    """
    import pandas as pd

    from modellock_core import RECIPES, Progress, baseline, lock
    from modellock_core.data.images import to_pil
    from modellock_core.locking.checks import check_key
    from modellock_core.locking.seal import is_sealing
    from modellock_core.randomness import check_seed

    key = make_key(**choice)
    check_key(key)
    if seed is None:
        raise ModelLockError("the seed is empty; give a whole number")
    check_seed(int(seed))
    if None in (source, task, recipe, amount):
        raise ModelLockError("choose task, images, protection and how many")
    curve, hidden = [], gr.update(visible=False)
    # what an earlier lock has left stays until there is a new one: a stop must lose nothing
    yield LockView(ProgressBar().render(Progress("Loading images")), hidden, hidden)
    dataset = _dataset(source, upload, task, amount, int(seed))
    settings = {"recipe": RECIPES[task][recipe], "backbone": check_backbone(_backbone(backbone)), "seed": int(seed)}
    kind, images = Kind(task, recipe, settings["backbone"], key.editor), len(dataset.train) + len(dataset.test)
    clock = LockClock(plan_of(kind, images))
    bar = Stages(clock)

    locking = lock(dataset, key, **settings)
    for progress in paced(locking):
        view = LockView(bar.render(progress))
        if progress.preview is not None:
            view = view._replace(thumbnails=gr.update(value=[to_pil(x) for x in progress.preview], visible=True))
        if set(CURVES.values()) <= set(progress.metrics):
            curve += curve_rows(len(curve) // len(CURVES), progress.metrics)
            points = pd.DataFrame(curve, columns=["epoch", "right", "images"])
            view = view._replace(curve=gr.update(value=points, visible=True))
        yield view

    locked, home = locking.result(), session_folder(request)
    folder, seal_with = home / "locked", key if is_sealing(key) else None
    key_file = keep_key(locked.key, request)  # first: whoever loses it has lost the model
    locked.model.save(folder, seal_with)
    forget_other_keys(key_file)
    _keep(home, locked.report)
    clock.note(kind, images)
    yield LockView(
        idle("Locked. Now an unlocked model is trained, to compare."), result=result_html(locked.report, key.prompt),
        model_file=_download(zipped(folder)), key_file=_download(key_file), made=time.time(),
    )  # fmt: skip

    tell_left("the lock is ready, and a model to compare it with is being trained")
    vanilla, compared = baseline(dataset, **settings), ProgressBar()
    for progress in paced(vanilla):
        yield LockView(compared.render(replace(progress, stage=f"Your lock is ready. To compare: {progress.stage}")))
    locked = locked.with_baseline(vanilla.result())
    locked.model.save(folder, seal_with)
    _keep(home, locked.report)
    yield LockView(idle("Done."), result=result_html(locked.report, key.prompt), model_file=_download(zipped(folder)))


def _keep(home: Path, report: LockReport) -> None:
    """Keep a report, so that a page that is reloaded can show it."""
    write_text(home / REPORT, json.dumps(to_json(report)))


def found_again(request: gr.Request) -> LockView:
    """The lock that the visitor had made before he reloaded the page; nothing where there is none."""
    home = session_folder(request)
    key_file = key_file_of(request)
    if key_file is None or not (home / REPORT).exists():
        return LockView(before_lock())
    from modellock_core import Key
    from modellock_core.locking.report import LockReport

    report = from_json(LockReport, json.loads((home / REPORT).read_text()), "the lock's report")
    prompt = Key.load(key_file).prompt
    return LockView(
        idle("Locked, before the page was reloaded."), result=result_html(report, prompt),
        model_file=_download(zipped(home / "locked")), key_file=_download(key_file), made=time.time(),
    )  # fmt: skip


def _download(file: Path) -> dict[str, Any]:
    return gr.update(value=str(file), visible=True)
