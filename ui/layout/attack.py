"""Step 4, Attack: choose a thief, and watch what he gets out of a locked model."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from .. import attack
from ..progress import idle
from .long_run import long_run
from .parts import QUIET, explained, model_choice, next_button

CHART = """
h3 {margin: 12px 0 4px}
.legend {display: flex; flex-wrap: wrap; gap: 2px 16px; margin-bottom: 10px; font-size: 13px}
.legend i {display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px}
.group {display: grid; grid-template: "name bars figures" / minmax(0, 5fr) minmax(0, 4fr) 130px; gap: 2px 18px;
  padding: 8px 0; border-bottom: 1px solid var(--line)}
.name {grid-area: name; font-weight: 500}
small {display: block; font-weight: 400; font-size: 13px; color: var(--quiet)}
.bars {grid-area: bars; align-self: center; border-radius: 3px; background: var(--line)}
.figures {grid-area: figures; align-self: center}
.figures b {font-size: 18px}
.bar {height: 10px; min-width: 2px; border-radius: 3px}
.bar + .bar {margin-top: 2px; height: 6px}
@media (max-width: 700px) {
  .group {grid-template: "name figures" "bars bars" / 1fr auto; padding: 10px 0}
  .bars {margin-top: 4px}
  .figures {align-self: start; text-align: right}
}
"""
TABLE = """
table {width: 100%; border-collapse: collapse; font-size: 14px}
table, tr, th, td {border: 0; text-align: left; vertical-align: top}
th, td {padding: 8px}
tr {border-bottom: 1px solid var(--line)}
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


def attack_step(tabs: gr.Tabs) -> Callable[[gr.Blocks], object]:
    """Lay out and wire the step; returns what wires the example's report, which is there when the page is opened."""
    explained(
        "Can a thief break the lock? Choose what he has beside the stolen model, and watch. **Red** bars open the "
        "model, **blue** ones do not; grey is what anybody has without it."
    )
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            choice = model_choice(elem_id="attack-model")
            thieves = [(f"He {text}", name) for name, text in attack.THIEF_TEXTS.items()]
            thief = gr.Radio(thieves, value=thieves[0][1], label="The thief", elem_id="thief")
            budget = gr.Radio(
                [("Quick: a sample of each attack, some minutes", "quick"), ("Full: everything, far longer", "full")],
                value="quick", label="Effort", elem_id="budget",
            )  # fmt: skip
            unsealed = gr.Checkbox(
                False, label="He has the sealed last layer too", elem_id="unsealed",
                info="In the file it is encrypted; he may have read it out of a running model.",
            )  # fmt: skip
            with gr.Row():
                start = gr.Button("Attack", variant="primary", elem_id="attack")
                stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="attack-stop")
            bar = gr.HTML(elem_id="attack-progress")  # in sight of who has pressed a button
        with gr.Column(scale=2, min_width=300):
            result = gr.Markdown(elem_id="attack-result")
            chart = gr.HTML(css_template=CHART, elem_id="attack-chart")
            file = gr.DownloadButton("Download the report", visible=False, elem_id="download-report")
    with gr.Accordion("Every attack, in a table", open=False):
        table = gr.HTML(css_template=TABLE, elem_id="attack-table")
    with gr.Accordion("Every variant that was tried", open=False):
        findings = gr.Dataframe(
            headers=list(attack.FINDING_COLUMNS), show_label=False, interactive=False, wrap=True, elem_id="findings",
            column_widths=list(attack.FINDING_COLUMNS.values()),
        )  # fmt: skip
    next_button("Next: guess somebody else's key", tabs, "riddle", variant="secondary", elem_id="attack-next")

    view = attack.AttackView(bar, result, chart, table, findings, file)
    turn = idle("Waiting for the machine. If somebody else uses it, it is your turn after that.")
    long_run(
        start, stop, bar, turn, result, fn=attack.run_attack, inputs=[choice, thief, budget, unsealed], outputs=view
    )
    # what was found out about another model must not stand beside this one
    choice.change(attack.of_choice, choice, view, **QUIET)
    return lambda page: page.load(attack.of_choice, choice, view, **QUIET)
