"""Step 2, Lock: what is locked and how, the figures as they come, and the files."""

from __future__ import annotations

import gradio as gr

from modellock_core.editing.editors import COMPACT_SETTINGS
from modellock_core.locking.recipe import DEFAULT_RECIPE, RECIPE_NAMES
from modellock_core.models.backbones import DEFAULT_BACKBONE

from .. import lock
from ..colours import CLEAN, COLOURS, KEYED
from ..keys import key_summary
from ..progress import stopped
from .parts import CHART, FAVOURITES, LONG, PRIVATE, QUIET


def lock_step(key: dict[str, gr.Component]) -> gr.State:
    """Lay out and wire the step.

    Args:
        key: the components of a `KeyChoice`.

    Returns:
        what changes when a model is locked.
    """
    gr.Markdown("Finetune a model that works **only** on images edited with your key.")
    summary = gr.Markdown(
        key_summary(
            prompt=FAVOURITES[0], alpha=COMPACT_SETTINGS.alpha, editor="compact", steps=COMPACT_SETTINGS.steps,
            edit_seed=1024,
        )
    )  # fmt: skip
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            task = gr.Radio(lock.TASKS, value="classification", label="Task", elem_id="task")
            source = gr.Radio([lock.TOYBOX, lock.OWN], value=lock.TOYBOX, label="Images")
            upload = gr.File(
                label=lock.UPLOADS["classification"], file_types=[".zip"], visible=False, height=120, elem_id="upload"
            )
            recipe = gr.Radio(list(RECIPE_NAMES), value=DEFAULT_RECIPE, label="Recipe")
            about_recipe = gr.Markdown(lock.RECIPE_TEXTS[DEFAULT_RECIPE])
            amount = gr.Radio([lock.QUICK_LOOK, lock.WHOLE], value=lock.QUICK_LOOK, label="How many")
            seed = gr.Number(0, label="Seed of the finetune", precision=0, minimum=0)
            with gr.Accordion("Advanced", open=False):
                backbone = gr.Textbox(
                    DEFAULT_BACKBONE, label="Backbone", max_lines=1, elem_id="backbone",
                    placeholder="timm:resnet18, transformers:facebook/deit-tiny-patch16-224, or a folder",
                    info="The pretrained network: the bundled one, timm:NAME, transformers:NAME, or a folder.",
                )  # fmt: skip
            with gr.Row():
                start = gr.Button("Lock", variant="primary", elem_id="lock")
                stop = gr.Button("Stop", variant="stop", elem_id="stop", interactive=False)
        with gr.Column(scale=3, min_width=300):
            bar = gr.HTML(elem_id="lock-progress")
            thumbnails = gr.Gallery(label="Keyed images", columns=8, height=130, allow_preview=False, buttons=[])
            curve = gr.LinePlot(
                x="epoch", y="performance", color="images", height=260, title="On test images", **CHART,
                color_map={name: COLOURS[name] for name in (KEYED, CLEAN)},
            )  # fmt: skip
            result = gr.Markdown(elem_id="lock-result")
            with gr.Row():
                model_file = gr.DownloadButton("Download the model", visible=False, elem_id="download-model")
                key_file = gr.DownloadButton("Download the key", visible=False, elem_id="download-key")

    made = gr.State()
    public = {name: component for name, component in key.items() if name != "hand"}
    changes = [component.change for component in public.values()]
    gr.on(changes, key_summary, inputs_kwargs=public, outputs=summary, **QUIET)
    source.change(lambda choice: gr.update(visible=choice == lock.OWN), source, upload, **PRIVATE)
    task.change(lambda name: gr.update(label=lock.UPLOADS[name]), task, upload, **QUIET)
    recipe.change(lock.RECIPE_TEXTS.get, recipe, about_recipe, **QUIET)

    def enabled(*buttons: bool) -> list[dict]:
        return [gr.update(interactive=on) for on in buttons]

    run = start.click(lambda: enabled(False, True), None, [start, stop], **QUIET).then(
        lock.run_lock,
        inputs_kwargs=key
        | {
            "source": source, "upload": upload, "task": task, "recipe": recipe, "amount": amount, "seed": seed,
            "backbone": backbone,
        },
        outputs=lock.LockView(bar, thumbnails, curve, result, model_file, key_file, made),
        api_name="lock", show_progress="hidden", **LONG,
    )  # fmt: skip
    run.then(lambda: enabled(True, False), None, [start, stop], **QUIET)
    stopping = stop.click(stopped, result, bar, cancels=[run], **QUIET)
    stopping.then(lambda: enabled(True, False), None, [start, stop], **QUIET)
    return made
