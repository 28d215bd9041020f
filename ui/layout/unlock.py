"""Step 3, Unlock: a locked model's answers to a clean image and to a keyed one."""

from __future__ import annotations

import gradio as gr

from .. import spell, unlock
from ..images import image_input
from .parts import LONG, PRIVATE, QUICK, QUIET, model_choice, picture, samples


def unlock_step(tab: gr.Tab, locked: gr.State) -> None:
    """Lay out and wire the step; a model that was locked just now becomes the chosen one."""
    gr.Markdown("The same locked model, asked about a **clean** image (a thief) and a **keyed** one (the holder).")
    choice = model_choice()
    about = gr.Markdown()
    with gr.Accordion("Open a model and key saved earlier", open=False):
        with gr.Row():
            archive = gr.File(label="Model (.zip)", file_types=[".zip"], height=120, elem_id="open-model")
            key_file = gr.File(label="Key (.json)", file_types=[".json"], height=120, elem_id="open-key")
        open_button = gr.Button("Open", elem_id="open")
        fits = gr.Markdown()
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            image, chosen = image_input(spell.sample_images()[0], label="Image", height=260), samples()
            guess = gr.Textbox(
                label="Guess the prompt", placeholder="empty: use the key", elem_id="guess",
                info="Another prompt with the rest of the key: does it open?",
            )  # fmt: skip
            button = gr.Button("Ask the model", variant="primary", elem_id="ask")
            split_button = gr.Button("Whole test split", elem_id="split")
            figures = gr.HTML(elem_id="split-result")
            by_class = gr.Dataframe(
                headers=unlock.BY_CLASS, label="Of each class", interactive=False, visible=False, elem_id="by-class"
            )
        answers = [*answer("Clean", "clean"), *answer("Keyed", "keyed")]

    ask = {"inputs": [image, choice, guess], "outputs": answers, **QUICK}
    gr.on([button.click, guess.submit], unlock.predict, **ask, api_name="predict")
    chosen.select(spell.chosen_sample, None, image, **PRIVATE).then(unlock.predict, **ask, **PRIVATE)
    split_button.click(
        unlock.test_split, [choice, guess], [figures, by_class], api_name="test", show_progress="hidden", **LONG
    )
    open_button.click(unlock.open_files, [archive, key_file], [choice, fits], api_name="open")
    locked.change(lambda: unlock.MINE, None, choice, **QUIET)
    # always_last: a choice made while the last one is answered must not be lost
    gr.on([tab.select, choice.change], unlock.describe, choice, about, trigger_mode="always_last", **QUIET).then(
        unlock.predict_if_ready, **ask, **PRIVATE, show_progress="minimal"
    )


def answer(title: str, name: str) -> tuple[gr.Component, ...]:
    """Lay out an image, its probabilities and its areas."""
    with gr.Column(scale=1, min_width=240):
        return (
            picture(title, elem_id=f"{name}-image"),
            gr.Label(label="Answer", num_top_classes=4, elem_id=f"{name}-answer"),
            gr.AnnotatedImage(visible=False, height=unlock.SHOWN_SIZE, elem_id=f"{name}-areas"),
        )
