"""Step 4, Attack: what a thief gets out of a locked model, as a chart, a table and a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import gradio as gr

from modellock_core.editing.catalogue import find
from modellock_core.records import to_json

from .colours import HOLDER, NEGATIVE, REWORDER, THIEF
from .errors import shows_errors
from .progress import ProgressBar, idle, paced
from .sessions import session_folder
from .unlock import load_model_and_key, test_images_of

if TYPE_CHECKING:  # they load torch
    from modellock_core.evaluation.attacks import AttackReport, Finding

COLUMNS = {  # of the table of findings, with their widths
    "attack": "160px", "variant": "270px", "score": "105px", "reference": "115px", "reference is": "180px",
    "what the thief has": "280px", "cost": "150px",
}  # fmt: skip
PROMPT_ATTACKS = {"wrong prompt": THIEF, "paraphrase": REWORDER, "wrong prompt, a negative": NEGATIVE}


@shows_errors
def run_attack(choice: str, budget: str, request: gr.Request) -> Iterator[tuple]:
    """Attack a model.

    Args:
        choice: which model.
        budget: "quick" or "full".

    Yields:
        progress bar, rows of the chart of attacks, of that of prompts, and of the table, report file.
    """
    import pandas as pd

    from modellock_core import run_attacks
    from modellock_core.evaluation.attacks import BUDGETS, Target, attack_report

    locked, key = load_model_and_key(choice, request)
    target = Target(locked, key, test_images_of(locked))
    bar, keep = ProgressBar(), gr.skip()
    work = run_attacks(target, BUDGETS[budget])
    for progress in paced(work):
        yield bar.render(progress), keep, keep, keep, gr.update(visible=False)
    report = attack_report(target, work.result(), budget)
    file = session_folder(request) / "attack-report.json"
    file.write_text(json.dumps(to_json(report), indent=2) + "\n")
    best_first = by_success(report.findings)
    yield (
        idle("Attacked. The bars are the highest score that each attack reached."),
        bars("attack", chart_rows(report), report.metric),
        bars("prompt", prompt_rows(report, best_first), report.metric),
        pd.DataFrame(table_rows(best_first), columns=list(COLUMNS)),
        gr.update(value=str(file), visible=True),
    )


def bars(x: str, rows: list[tuple[str, float, str]], metric: str) -> gr.BarPlot:
    """A chart of rows in their order, which Gradio would else sort by name."""
    import pandas as pd

    table = pd.DataFrame(rows, columns=[x, "score", "who"])
    return gr.BarPlot(table, sort=[name for name, *_ in rows], y_title=metric)


def by_success(findings: Sequence[Finding]) -> list[Finding]:
    """The findings of a report, the most successful first."""
    return sorted(findings, key=lambda finding: -finding.score)


def chart_rows(report: AttackReport) -> list[tuple[str, float, str]]:
    """One bar for the key (UP), one for clean images (LP), and one for each attack at its best."""
    return [
        ("the key (UP)", report.unlocked_performance, HOLDER),
        ("clean images (LP)", report.locked_performance, THIEF),
        *((attack, reached.max, THIEF) for attack, reached in report.summary.items()),
    ]


def prompt_rows(report: AttackReport, findings: Sequence[Finding]) -> list[tuple[str, float, str]]:
    """One bar for the key, one for no key, and one for each finding that is of another prompt."""
    rows = [("the key (UP)", report.unlocked_performance, HOLDER), ("no key (LP)", report.locked_performance, THIEF)]
    for finding in findings:
        if who := PROMPT_ATTACKS.get(finding.attack):
            entry = find(finding.variant)
            rows.append((entry.name if entry else finding.variant, finding.score, who))
    return rows


def table_rows(findings: Sequence[Finding]) -> list[list[str]]:
    """A row of text for each finding."""
    return [
        [f.attack, f.variant, f"{f.score:.1%}", f"{f.reference:.1%}", f.reference_name, f.knows, f.cost]
        for f in findings
    ]
