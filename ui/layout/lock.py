"""Step 2, Lock: what is locked and how, the figures as they come, and the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from modellock_core.editing.editors import COMPACT_SETTINGS
from modellock_core.locking.recipe import DEFAULT_RECIPE
from modellock_core.models.backbones import DEFAULT_BACKBONE

from .. import lock
from ..colours import CLEAN, COLOURS, KEYED
from ..example_zip import example_zip
from ..key_warnings import warn
from ..keys import key_summary
from ..lock_figures import before_lock
from .long_run import long_run
from .parts import CHART, FAVOURITES, QUIET, explained, next_button

UNLOCK_IT, UNLOCK_EXAMPLE = "Next: unlock it", "Next: unlock the example"


@dataclass(frozen=True)
class LockOutputs:
    """Step 2, as the rest of the page needs it.

    Attributes:
        made: changes when a model is locked.
        at_load: wires what happens when the visitor's folder is known: a lock of before a reload is shown again.
    """

    made: gr.State
    at_load: Callable[[gr.events.Dependency], None]


def lock_step(tabs: gr.Tabs, opened: gr.Tab, key: dict[str, gr.Component]) -> LockOutputs:
    """Lay out and wire the step.

    Args:
        opened: the step's tab.
        key: the components of a `KeyChoice`.
    """
    explained(
        "A short training makes a model that recognises images edited with your key, and gives no answer on others. "
        "You get two files: the locked model, and its key."
    )
    summary = gr.Text(
        key_summary(
            prompt=FAVOURITES[0], alpha=COMPACT_SETTINGS.alpha, editor="compact", steps=COMPACT_SETTINGS.steps,
            edit_seed=1024, own_hand=True,
        ),
        label="The next lock gets this key", interactive=False, elem_id="next-key",
    )  # fmt: skip
    weak = gr.Markdown(visible=False, elem_id="lock-warning", elem_classes="warning")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            source = gr.Radio([lock.TOYBOX, lock.OWN], value=lock.TOYBOX, label="Images")
            upload = gr.File(
                label=lock.UPLOADS["classification"], file_types=[".zip"], visible=False, height=120, elem_id="upload"
            )
            example = gr.DownloadButton(
                "Download an example of such a zip", visible=False, size="sm", elem_id="example-zip"
            )
            recipe = gr.Radio(lock.RECIPES, value=DEFAULT_RECIPE, label="Protection", elem_id="recipe")
            about_recipe = gr.Markdown(lock.RECIPE_TEXTS[DEFAULT_RECIPE], elem_classes="glossary")
            amount = gr.Radio([lock.WHOLE, lock.QUICK_LOOK], value=lock.WHOLE, label="Training images")
            with gr.Accordion("More settings: areas instead of classes, network, seed", open=False):
                task = gr.Radio(lock.TASKS, value="classification", label="What the model says", elem_id="task")
                backbone = gr.Textbox(
                    DEFAULT_BACKBONE, label="Network (backbone)", max_lines=1, elem_id="backbone",
                    placeholder="timm:resnet18, transformers:facebook/deit-tiny-patch16-224, or a folder",
                    info="The pretrained network: the bundled one, timm:NAME, transformers:NAME, or a folder.",
                )  # fmt: skip
                seed = gr.Number(
                    0, label="Random seed", precision=0, minimum=0, info="The same number gives the same model."
                )
        with gr.Column(scale=3, min_width=300):
            wait = gr.Markdown(
                lock.time_expected(
                    lock.TOYBOX, "classification", DEFAULT_RECIPE, lock.WHOLE, DEFAULT_BACKBONE, "compact"
                ),
                elem_id="lock-wait",
            )  # fmt: skip
            with gr.Row():
                start = gr.Button("Lock", variant="primary", elem_id="lock")
                stop = gr.Button("Stop", variant="stop", elem_id="stop", interactive=False)
            bar = gr.HTML(before_lock(), elem_id="lock-progress")
            result = gr.HTML(elem_id="lock-result")
            with gr.Row():
                key_file = gr.DownloadButton(
                    "Download the key: without it the model is lost", visible=False, elem_id="download-key",
                    variant="primary",
                )  # fmt: skip
                model_file = gr.DownloadButton("Download the model", visible=False, elem_id="download-model")
            onward = next_button(UNLOCK_EXAMPLE, tabs, "unlock", elem_id="lock-next", variant="secondary")
            curve = gr.LinePlot(
                x="epoch", y="right", color="images", height=260, visible=False,
                title="Test images that are right after each pass (epoch)",
                color_map={name: COLOURS[name] for name in (KEYED, CLEAN)}, **CHART,
            )  # fmt: skip
            thumbnails = gr.Gallery(
                label="Photos, each beside its edit with your key", height="auto", allow_preview=False, buttons=[],
                visible=False, elem_id="thumbnails", elem_classes="samples",
            )  # fmt: skip

    made = gr.State()
    public = {name: component for name, component in key.items() if name != "hand"}
    changes = [component.change for component in public.values()]
    gr.on(changes, key_summary, inputs_kwargs=public, outputs=summary, **QUIET, trigger_mode="always_last")
    about = [key["prompt"], key["own_hand"], recipe]
    gr.on([part.change for part in about], warn, about, weak, **QUIET, trigger_mode="always_last")
    gr.on([source.change, task.change], _own_images, [source, task], [upload, example], **QUIET)
    recipe.change(lock.RECIPE_TEXTS.get, recipe, about_recipe, **QUIET)
    likes = [source, task, recipe, amount, backbone, key["editor"]]
    gr.on([opened.select, made.change, *(part.change for part in likes)], lock.time_expected, likes, wait, **QUIET)
    made.change(_onward, made, onward, **QUIET)

    view = lock.LockView(bar, thumbnails, curve, result, model_file, key_file, made)
    settings = {
        "source": source, "upload": upload, "task": task, "recipe": recipe, "amount": amount, "seed": seed,
        "backbone": backbone,
    }  # fmt: skip
    run = long_run(start, stop, bar, result, fn=lock.run_lock, inputs_kwargs=key | settings, outputs=view)
    # at the end too: Gradio may show the last picture of what it has stopped after what Stop has hidden
    for event in (run.stopping, run.ended):
        event.then(
            lambda halted: [gr.update(visible=False) if halted else gr.skip()] * 2, run.halted, [thumbnails, curve],
            **QUIET,
        )  # fmt: skip

    def at_load(session: gr.events.Dependency) -> None:
        session.then(lock.found_again, None, view, **QUIET)

    return LockOutputs(made, at_load)


def _own_images(source: str, task: str) -> list[dict]:
    """Where a visitor gives his own images: what they have to look like, in words and as an example."""
    if source != lock.OWN:
        return [gr.update(visible=False)] * 2
    return [
        gr.update(visible=True, label=lock.UPLOADS[task]),
        gr.update(visible=True, value=example_zip(task)),
    ]


def _onward(made: float | None) -> dict:
    """The button to the next step: there is always a model to unlock, and it says which."""
    return gr.update(value=UNLOCK_IT, variant="primary") if made else gr.update(value=UNLOCK_EXAMPLE)
