"""Step 5, Riddle: guess the prompt that a model was locked with."""

from __future__ import annotations

import gradio as gr

from .. import riddle
from .parts import LONG, QUICK, QUIET, SUGGESTIONS


def riddle_step() -> None:
    """Lay out and wire the step."""
    gr.Markdown("**Guess the spell.** A model is locked with a prompt of the catalogue; how soon do you find it?")
    start = gr.Button("New riddle", elem_id="riddle")
    said = gr.HTML(elem_id="riddle-says")
    text = gr.Dropdown(SUGGESTIONS, value=None, allow_custom_value=True, label="Your guess", elem_id="riddle-guess")
    button = gr.Button("Try it", variant="primary", elem_id="riddle-try")
    table = gr.Dataframe(headers=riddle.COLUMNS, label="Your guesses", interactive=False, elem_id="riddle-guesses")
    guesses = gr.State([])
    start.click(riddle.new_riddle, None, [said, guesses], api_name="riddle", show_progress="hidden", **LONG)
    button.click(riddle.guess, [text, guesses], [said, guesses], api_name="guess", **QUICK)
    guesses.change(riddle.as_table, guesses, table, **QUIET)
