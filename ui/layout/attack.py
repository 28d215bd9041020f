"""Step 4, Attack: what a thief gets out of a locked model."""

from __future__ import annotations

import gradio as gr

from .. import attack
from ..colours import COLOURS
from ..progress import stopped
from .parts import CHART, LONG, QUIET, model_choice


def attack_step() -> None:
    """Lay out and wire the step."""
    gr.Markdown("What a **thief** gets out of the model: wrong keys, filters, a few labels, damaged weights.")
    with gr.Row():
        choice = model_choice(scale=2)
        budget = gr.Radio(
            ["quick", "full"], value="quick", label="Budget", scale=1,
            info="Quick tries a part of each attack, full all of it.",
        )  # fmt: skip
    with gr.Row():
        start = gr.Button("Attack", variant="primary", elem_id="attack")
        stop = gr.Button("Stop", variant="stop")
    bar = gr.HTML(elem_id="attack-progress")
    chart = bar_plot("attack", "Highest score reached", x_label_angle=-35)
    prompts = bar_plot("prompt", "Score under each prompt", x_label_angle=-60)
    file = gr.DownloadButton("Download the report", visible=False, elem_id="download-report")
    table = gr.Dataframe(
        headers=list(attack.COLUMNS), label="Findings", interactive=False, wrap=True, elem_id="findings",
        column_widths=list(attack.COLUMNS.values()),
    )  # fmt: skip
    run = start.click(
        attack.run_attack, [choice, budget], [bar, chart, prompts, table, file], api_name="attack",
        show_progress="hidden", **LONG,
    )  # fmt: skip
    stop.click(stopped, None, bar, cancels=[run], **QUIET)


def bar_plot(x: str, title: str, x_label_angle: int) -> gr.BarPlot:
    """A chart of who reaches which score."""
    return gr.BarPlot(
        x=x, y="score", color="who", color_map=COLOURS, title=title, height=380, x_label_angle=x_label_angle,
        x_title=" ", **CHART,
    )  # fmt: skip
