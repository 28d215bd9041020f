"""Step 3, Unlock: a locked model's answers to a thief, to the holder of the key, and to a guess."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .. import spell, unlock
from ..first_screen import stored_number
from ..images import image_input
from .long_run import long_run
from .parts import LIVE, PRIVATE, QUICK, QUIET, bring_into_sight, explained, next_button, samples


def unlock_step(tabs: gr.Tabs, tab: gr.Tab, made: gr.State) -> gr.Radio:
    """Lay out and wire the step; a model that was locked just now becomes the chosen one, which is returned."""
    explained(
        "One locked model, two users. **A thief** (red) shows it the image as it is. **You** (green) edit the image "
        "with your key first: the prompt, and the random bits in its key file. *No answer* means that all classes are "
        "equally likely to the model."
    )
    choice = gr.Radio(
        [unlock.EXAMPLE], value=unlock.EXAMPLE, label="Model", elem_id="unlock-model",
        info="A model that you lock in step 2, or open below, stands here too.",
    )  # fmt: skip
    about = gr.Markdown(elem_id="about-model")
    with gr.Row(elem_classes="three-parts"):
        with gr.Column(min_width=280):
            chosen = samples()
            guess = gr.Textbox(
                label="Try to open it: type a prompt", placeholder="in watercolor", elem_id="guess", max_length=300,
                info="Even the right words do not open it without the key file.",
            )  # fmt: skip
            has_file = gr.Checkbox(
                label="Use the key file too", elem_id="has-file",
                info="With the right words, you are its holder. A thief who has the file hardly needs them.",
            )  # fmt: skip
            button = gr.Button("Ask the model", variant="primary", elem_id="ask")
        with gr.Column(min_width=300):
            answers = gr.HTML('<p class="note">The model is being loaded; it answers here.</p>', elem_id="answers")
            tiles = gr.HTML(elem_id="twelve")
        with gr.Column(min_width=280):
            image = image_input(
                spell.sample_images()[stored_number()], label="This photo, or your own", height=230,
                elem_id="unlock-image",
            )  # fmt: skip
    gr.Markdown("### All test images")
    with gr.Row():
        split_button = gr.Button("Test on all test images (half a minute to some minutes)", elem_id="split")
        stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="split-stop", min_width=100, scale=0)
    figures = gr.HTML(elem_id="split-result")
    by_class = gr.Dataframe(
        headers=unlock.BY_CLASS, label="By class", interactive=False, visible=False, elem_id="by-class"
    )
    with gr.Accordion("Open a model and key saved earlier", open=False):
        gr.Markdown(
            "Both files are needed: what a thief gets is shown beside what its holder gets.", elem_classes="glossary"
        )
        with gr.Row():
            archive = gr.File(label="Model (.zip)", file_types=[".zip"], height=120, elem_id="open-model")
            key_file = gr.File(label="Key (.json)", file_types=[".json"], height=120, elem_id="open-key")
        open_button = gr.Button("Open", elem_id="open")
        fits = gr.Markdown(elem_id="fits")
        insist = gr.Button("Open it with the wrong key all the same", visible=False, elem_id="insist")
    next_button("Next: what can a thief do?", tabs, "attack", elem_id="unlock-next")

    described = gr.State("")  # which model the answers are of
    asking = {"inputs": [image, choice, guess, has_file], "outputs": answers, **QUICK}
    trying = {"fn": unlock.twelve, "inputs": [choice, guess, has_file], "outputs": tiles, **QUICK}
    asked = gr.on([button.click, guess.submit], unlock.predict, **asking, **PRIVATE)
    bring_into_sight(asked, "answers")
    asked.then(**trying, **PRIVATE)
    gr.on([image.change, has_file.input], unlock.predict_if_ready, **asking, **LIVE, show_progress="minimal")
    has_file.input(**trying, **LIVE, show_progress="minimal")
    bring_into_sight(chosen.select(spell.chosen_sample, None, image, **PRIVATE), "answers")

    long_run(
        split_button, stop, figures, None, fn=unlock.test_split,
        inputs=[choice, guess, has_file], outputs=[figures, by_class],
    )  # fmt: skip

    files = {"inputs": [archive, key_file], "outputs": [choice, fits, insist], **PRIVATE}
    open_button.click(unlock.open_files, **files)
    insist.click(unlock.open_anyway, **files)
    made.change(_just_made, made, choice, **QUIET)
    tab.select(unlock.choose, choice, choice, **QUIET)  # after a reload, what was opened before it is there
    # what was measured of another model or guess must not stand beside this one
    gr.on(
        [choice.change, guess.change, has_file.change], lambda: ("", gr.update(visible=False)), None,
        [figures, by_class], **QUIET,
    )  # fmt: skip
    # always_last: a choice made while the last one is answered must not be lost
    gr.on(
        [tab.select, choice.change, made.change], unlock.describe, choice, [about, described],
        trigger_mode="always_last", **QUIET,
    )  # fmt: skip
    # drawn anew only where the model is another one, not at each visit of the tab
    described.change(unlock.predict_if_ready, **asking, **LIVE, show_progress="minimal").then(
        **trying, **PRIVATE, show_progress="minimal"
    )
    return choice


def _just_made(when: float | None, request: gr.Request) -> Any:
    """The choice of a model, when one was locked or found again."""
    return unlock.choose(unlock.MINE, request) if when else gr.skip()
