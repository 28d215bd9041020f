"""Step 4, Attack: choose a thief, and watch what he gets out of a locked model."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from .. import attack, attack_times
from ..attack_charts import FINDING_COLUMNS
from .long_run import long_run
from .parts import QUIET, bring_into_sight, explained, meanwhile_button, next_button

CHART = """
h3 {margin: 12px 0 4px; font-size: 17px}
.legend {display: flex; flex-wrap: wrap; gap: 4px 20px; margin-bottom: 10px; font-size: 14px}
.legend i {display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 6px;
  vertical-align: -2px}
.legend .mark {width: 4px; height: 18px; margin: 0 11px 0 5px; vertical-align: -4px}
.group {display: grid; grid-template: "name bars figures" / minmax(0, 5fr) minmax(0, 4fr) 100px; gap: 2px 18px;
  padding: 8px 0; border-bottom: 1px solid var(--line)}
.name {grid-area: name; font-weight: 500}
.name b {color: var(--thief)}
small {display: block; font-weight: 400; font-size: 13px; color: var(--quiet)}
.bars {grid-area: bars; align-self: center; position: relative; border-radius: 4px; background: var(--line)}
.bar {height: 14px; min-width: 2px; border-radius: 4px}
.bars i {position: absolute; top: -5px; bottom: -5px; width: 4px; margin-left: -2px; border-radius: 2px}
.bars i, .legend .mark {background: var(--body-text-color); outline: 1px solid var(--background-fill-primary)}
.figures {grid-area: figures; align-self: center}
.figures b {font-size: 18px}
@media (max-width: 700px) {
  .group {grid-template: "name figures" "bars bars" / 1fr auto; padding: 10px 0}
  .bars {margin: 6px 0}
  .figures {align-self: start; text-align: right}
}
@media (min-width: 1600px) {
  h3 {font-size: 24px} .name, .legend {font-size: 20px} small {font-size: 17px} .figures b {font-size: 26px}
  .bar {height: 20px} .group {grid-template-columns: minmax(0, 5fr) minmax(0, 4fr) 150px}
}
"""
FIXED, FREE = gr.update(interactive=False), gr.update(interactive=True)
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


def attack_step(tabs: gr.Tabs, opened: gr.Tab, chosen: gr.Radio) -> Callable[[gr.Blocks], object]:
    """Lay out and wire the step.

    Args:
        opened: the step's tab.
        chosen: the model that step 3 is about; this step is about the same.

    Returns:
        wires the example's report, which is there when the page is opened.
    """
    explained(
        "Somebody has stolen the model, but not its key. Choose what else he has, and see what he gets out of it."
    )
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            choice = gr.Dropdown(
                [(attack.MODELS[attack.EXAMPLE], attack.EXAMPLE)], value=attack.EXAMPLE, label="The model",
                elem_id="attack-model", info="One that you lock or open stands here too.",
            )  # fmt: skip
            cards = [(card, name) for name, card in attack.CARDS.items()]
            thief = gr.Radio(cards, value=cards[0][1], label="The thief", elem_id="thief")
            wait = gr.Markdown(
                attack_times.expected(cards[0][1], "quick"), elem_classes="glossary", elem_id="attack-wait"
            )
            with gr.Row():
                start = gr.Button("Attack", variant="primary", elem_id="attack", min_width=120)
                stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="attack-stop", min_width=120)
            bar = gr.HTML(elem_id="attack-progress")  # in sight of who has pressed a button
            meanwhile = meanwhile_button(tabs)
            with gr.Accordion("More effort, or a stronger thief", open=False, elem_id="attack-more"):
                budget = gr.Radio(
                    [("Quick: some minutes", "quick"), ("Full: far longer", "full")],
                    value="quick", label="Effort", elem_id="budget",
                )  # fmt: skip
                unsealed = gr.Checkbox(
                    False, label="He has decrypted the model's last layer too", elem_id="unsealed",
                    info="It is encrypted in the file. He may have read it out of a computer where the model runs.",
                )  # fmt: skip
        with gr.Column(scale=2, min_width=300):
            result = gr.Markdown(elem_id="attack-result")
            chart = gr.HTML(css_template=CHART, padding=False, elem_id="attack-chart")
            file = gr.DownloadButton("Download the report", visible=False, elem_id="download-report")
    with gr.Accordion("Every attack, in a table", open=False):
        table = gr.HTML(css_template=TABLE, elem_id="attack-table")
    with gr.Accordion("Every variant that was tried", open=False):
        findings = gr.Dataframe(
            headers=list(FINDING_COLUMNS), show_label=False, interactive=False, wrap=True, elem_id="findings",
            column_widths=list(FINDING_COLUMNS.values()),
        )  # fmt: skip
    next_button("Next: guess somebody else's key", tabs, "riddle", variant="secondary", elem_id="attack-next")

    view = attack.AttackView(bar, result, chart, table, findings, file)
    at_once = {result: attack.BEFORE, choice: FIXED, thief: FIXED}  # what is shown is of these
    run = long_run(
        start, stop, bar, result, meanwhile=meanwhile, at_once=at_once, fn=attack.run_attack,
        inputs=[choice, thief, budget, unsealed], outputs=view,
    )  # fmt: skip
    shown = run.ended.then(attack.after_attack, [choice, thief], view, **QUIET)
    bring_into_sight(shown, "attack-result")
    shown.then(_free, chosen, [choice, thief], **QUIET)
    known = {"fn": attack.of_choice, "inputs": [choice, thief], "outputs": view, **QUIET}
    gr.on([choice.change, thief.change], **known, trigger_mode="always_last")
    told = {"fn": attack_times.expected, "inputs": [thief, budget], "outputs": wait, **QUIET}
    gr.on([opened.select, thief.change, budget.change], **told, trigger_mode="always_last")
    shown.then(**told)
    choice.input(lambda model: model, choice, chosen, **QUIET)
    chosen.change(attack.same_model, chosen, choice, **QUIET)
    return lambda page: page.load(**known)


def _free(model: str, request: gr.Request) -> list[dict]:
    """Model and thief can be chosen again; the model is the one that step 3 is about by now."""
    return [FREE | attack.choose(model, request), FREE]
