"""The first tab: what a lock is, before any click, and the way to each step."""

from __future__ import annotations

import json

import gradio as gr

from .. import first_screen
from .parts import LIVE, PREVIEW, PRIVATE, QUIET, next_button, samples

STEPS = {
    "key": "1 Make a key", "lock": "2 Lock a model", "unlock": "3 Unlock it", "attack": "4 Attack it",
    "riddle": "5 Solve a riddle",
}  # fmt: skip


def start_step(tabs: gr.Tabs) -> None:
    """Lay out and wire the tab."""
    gr.Markdown(first_screen.CLAIM, elem_id="claim")
    with gr.Row(elem_id="start-scene"):
        with gr.Column(scale=9, min_width=320):
            scene = gr.HTML(first_screen.drawn(first_screen.stored()), elem_id="first-screen")
        with gr.Column(scale=5, min_width=300):
            number = gr.State(first_screen.stored_number())
            chosen = samples(elem_id="start-samples")
            guess = gr.Textbox(
                label="Try to open it: type a prompt, even the right one", elem_id="start-guess", max_length=300,
                placeholder=first_screen.stored().facts.prompt, submit_btn="Try",
                info="Without the key file, the right words do not do. The first answer takes some seconds.",
            )  # fmt: skip
            has_file = gr.Checkbox(label="Use the key file too", elem_id="start-has-file")
            says = gr.HTML(elem_id="start-says", padding=False)
    with gr.Row(elem_id="start-steps"):
        for i, (step, text) in enumerate(STEPS.items()):
            next_button(
                text, tabs, step, variant="secondary" if i else "primary", elem_id=f"to-{step}", elem_classes="go"
            )
    # an empty box looks as if its example stood in it
    guess.submit(None, guess, guess, js=f"(text) => text || {json.dumps(guess.placeholder)}", **QUIET)
    changes = [number.change, guess.change, guess.submit, has_file.change]
    # by the browser itself: a queue, or a model that is being loaded, must not leave it silent
    gr.on(changes, None, None, says, js=f"() => {json.dumps(first_screen.ASKING)}", **QUIET)
    asked = gr.on(
        changes, first_screen.asked_live, [number, guess, has_file], [scene, says], show_progress="minimal",
        show_progress_on=scene, **LIVE, **PREVIEW,
    )  # fmt: skip
    asked.failure(lambda: "", None, says, **QUIET)
    chosen.select(first_screen.number_of, None, number, **PRIVATE, show_progress="hidden")
