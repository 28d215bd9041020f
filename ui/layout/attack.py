"""Step 4, Attack: choose a thief, and watch what he gets out of a locked model."""

from __future__ import annotations

import gradio as gr

from .. import attack
from ..progress import stopped
from .parts import LONG, QUIET, model_choice

CHART = """
h3 {margin: 12px 0 4px}
.legend {display: flex; flex-wrap: wrap; gap: 2px 16px; margin-bottom: 10px; font-size: 13px}
.legend i {display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px}
.group {display: grid; grid-template: "name bars figures" / 230px 1fr 190px; gap: 2px 14px; margin-bottom: 8px}
.name {grid-area: name}
.bars {grid-area: bars; align-self: center; border-radius: 3px; background: var(--border-color-primary)}
.figures {grid-area: figures}
.bar {height: 10px; min-width: 2px; border-radius: 3px}
.bar + .bar {margin-top: 2px; height: 6px}
@media (max-width: 700px) {
  .group {grid-template: "name figures" "bars bars" / 1fr auto; margin-bottom: 12px}
}
"""
TABLE = """
table {width: 100%; border-collapse: collapse; font-size: 14px}
table, tr, th, td {border: 0; text-align: left; vertical-align: top}
th, td {padding: 8px}
tr {border-bottom: 1px solid var(--border-color-primary)}
td:first-child {font-weight: 600}
@media (max-width: 700px) {
  thead {display: none}
  tr, td {display: block}
  tr {padding: 8px 0}
  td {padding: 1px 0}
  td:nth-child(4), td:nth-child(5) {display: inline; margin-right: 10px}
  td:nth-child(n + 3):nth-child(-n + 5)::before {
    content: attr(data-column) ": "; color: var(--body-text-color-subdued)
  }
}
"""


def attack_step() -> None:
    """Lay out and wire the step."""
    gr.Markdown("Choose a **thief** who has stolen the model's weights, and watch what he gets out of it.")
    choice = model_choice()
    thieves = [(text, name) for name, text in attack.THIEF_TEXTS.items()]
    thief = gr.Radio(thieves, value=thieves[0][1], label="The thief", elem_id="thief")
    budget = gr.Radio(
        ["quick", "full"], value="quick", label="Budget",
        info="Quick takes a minute or two and tries a part of each attack; full takes far longer.",
    )  # fmt: skip
    with gr.Row():
        start = gr.Button("Attack", variant="primary", elem_id="attack")
        stop = gr.Button("Stop", variant="stop")
    bar = gr.HTML(elem_id="attack-progress")
    result = gr.Markdown(elem_id="attack-result")
    chart = gr.HTML(css_template=CHART, elem_id="attack-chart")
    table = gr.HTML(css_template=TABLE, elem_id="attack-table")
    file = gr.DownloadButton("Download the report", visible=False, elem_id="download-report")
    with gr.Accordion("All findings", open=False):
        findings = gr.Dataframe(
            headers=list(attack.FINDING_COLUMNS), show_label=False, interactive=False, wrap=True, elem_id="findings",
            column_widths=list(attack.FINDING_COLUMNS.values()),
        )  # fmt: skip
    run = start.click(
        attack.run_attack, [choice, thief, budget], attack.AttackView(bar, result, chart, table, findings, file),
        api_name="attack", show_progress="hidden", **LONG,
    )  # fmt: skip
    stop.click(stopped, result, bar, cancels=[run], **QUIET)
