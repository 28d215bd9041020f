"""Step 2, Lock: run a lock with live figures, and offer model and key as files."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import gradio as gr
from PIL import Image

from modellock_core.errors import ModelLockError
from modellock_core.recipes import RECIPES

from .errors import shows_errors
from .progress import ProgressBar, idle
from .sessions import session_folder
from .spell import make_key

TOYBOX, OWN = "Toybox (bundled)", "My own images (a zip)"
QUICK_LOOK, WHOLE = "Quick look (400 images)", "All images"
TASKS = [("Classification: what is in the image", "classification"), ("Segmentation: a class a pixel", "segmentation")]
UPLOADS = {
    "classification": "Zip with one folder of images per class",
    "segmentation": "Zip with images/ and masks/ (PNG)",
}
REFRESH = 0.3  # seconds between two updates of the page
# training and test images: keeps a visitor's dataset within the memory of a free machine
MOST = {"classification": (4000, 1000), "segmentation": (1200, 400)}


def key_summary(
    prompt: str, editor: str, alpha: float, steps: float, seed: float,
    own_hand: bool = False, like: Image.Image | None = None,
) -> str:  # fmt: skip
    """The key in one line of Markdown, without what nobody could remember."""
    steps, seed = ("?" if value is None else f"{value:.15g}" for value in (steps, seed))
    besides = " · your own hand" * own_hand + " · your picture's style" * (like is not None)
    return f"**Key:** “{prompt or ''}” · alpha {alpha:g} · editor {editor} · steps {steps} · seed {seed}{besides}"


def _dataset(source: str, upload: str | None, task: str, amount: str, seed: int):
    from modellock_core.datasets import load_dataset

    if source == OWN and not upload:
        raise ModelLockError(f"there is no zip yet; upload one. {UPLOADS[task]}")
    dataset = load_dataset(upload if source == OWN else "toybox", task=task, seed=seed)
    return dataset.limited(*((400, 200) if amount == QUICK_LOOK else MOST[task]))


def result_table(report: dict) -> str:
    """UP, LP, vanilla and chance as a Markdown table, under the metric's name."""
    figures = [f"{100 * report[k]:.1f} %" for k in ("unlocked_performance", "locked_performance")]
    figures += [f"{100 * report[k]:.1f} %" for k in ("vanilla_performance", "chance")]
    seconds = report["seconds"]
    return (
        "| | with the key (UP) | without (LP) | vanilla finetune | guessing |\n|---|---|---|---|---|\n"
        f"| {report['metric']} | **{figures[0]}** | **{figures[1]}** | {figures[2]} | {figures[3]} |\n\n"
        f"{report['num_train']} training and {report['num_test']} test images; editing {seconds['edit']:.0f} s, "
        f"finetune {seconds['finetune']:.0f} s, all in all {seconds['total']:.0f} s. Try it under **3 Unlock**."
    )


@shows_errors
def run_lock(
    prompt: str, editor: str, alpha: float, steps: float, edit_seed: float, own_hand: bool, like: Image.Image | None,
    hand: str | None, source: str, upload: str | None, task: str, recipe: str, amount: str, seed: float,
    request: gr.Request,
) -> Iterator[tuple]:  # fmt: skip
    """Lock a model.

    Args:
        prompt, editor, alpha, steps, edit_seed, own_hand, like, hand: the key, see `spell.make_key`.
        source, upload, task, amount: the images.
        recipe, seed: of the finetune.

    Yields:
        progress bar, thumbnails, rows of the curve, result, model zip, key file.
    """
    import pandas as pd

    from modellock_core.images import to_pil
    from modellock_core.locking import lock

    key = make_key(prompt, editor, alpha, steps, edit_seed, own_hand, like, hand)
    if seed is None:
        raise ModelLockError("the finetune's seed is empty; give a whole number")
    bar, curve, shown = ProgressBar(), [], 0.0
    keep = gr.skip()
    yield bar.render("Loading images", 0, 1), [], None, "", gr.update(visible=False), gr.update(visible=False)
    for progress in lock(
        _dataset(source, upload, task, amount, int(seed)), key, recipe=RECIPES[recipe], seed=int(seed)
    ):
        thumbnails = plot = keep
        if progress.preview is not None:
            thumbnails = [to_pil(image) for image in progress.preview]
        if "locked_performance" in progress.metrics and progress.result is None:
            epoch = str(len(curve) // 2)  # a name: as a number the axis would have 1.05 too
            curve += [
                (epoch, progress.metrics["unlocked_performance"], "with the key (UP)"),
                (epoch, progress.metrics["locked_performance"], "without (LP)"),
            ]
            plot = pd.DataFrame(curve, columns=["epoch", "performance", "images"])
        elif time.monotonic() - shown < REFRESH:
            continue
        shown = time.monotonic()
        yield bar.render(progress.stage, progress.step, progress.of), thumbnails, plot, keep, keep, keep

    folder = session_folder(request) / "locked"
    progress.result.model.save(folder)
    archive = shutil.make_archive(str(folder.parent / "locked-model"), "zip", folder)
    key_file = folder.parent / "locked-model.key.json"
    key.save(key_file)
    yield (
        idle("Locked."), keep, keep, result_table(progress.result.report),
        gr.update(value=archive, visible=True), gr.update(value=str(key_file), visible=True),
    )  # fmt: skip


def stopped() -> str:
    """What the page says after a stop."""
    return idle("Stopped; nothing was kept.")
