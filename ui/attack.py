"""Step 4, Attack: what a thief gets out of a locked model, as a chart, a table and a file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import gradio as gr

from modellock_core.prompts import find

from .errors import shows_errors
from .lock import REFRESH
from .progress import ProgressBar, idle
from .sessions import session_folder
from .unlock import load_model_and_key, test_images_of

COLUMNS = ["attack", "variant", "accuracy", "reference", "reference is", "what the thief has", "cost"]

WIDTHS = ["160px", "270px", "105px", "115px", "180px", "280px", "150px"]
COLOURS = {  # of whoever asks the model, in both charts
    "holder": "#16a34a", "thief": "#dc2626", "thief, other words": "#f59e0b", "thief, a decoy of hardened": "#94a3b8",
}  # fmt: skip
PROMPT_ATTACKS = {  # and what the chart calls them
    "wrong prompt": "thief", "paraphrase": "thief, other words", "wrong prompt, a decoy": "thief, a decoy of hardened",
}  # fmt: skip


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

    from modellock_core.attacks import BUDGETS, Target, report, run_attacks

    locked, key = load_model_and_key(choice, request)
    target = Target(locked, key, test_images_of(locked))
    bar, shown, keep = ProgressBar(), 0.0, gr.skip()
    for progress in run_attacks(target, BUDGETS[budget]):
        if progress.result is None and time.monotonic() - shown >= REFRESH:
            shown = time.monotonic()
            yield bar.render(progress.stage, progress.step, progress.of), keep, keep, keep, gr.update(visible=False)
    result = report(target, progress.result, budget)
    file = session_folder(request) / "attack-report.json"
    file.write_text(json.dumps(result, indent=2) + "\n")
    yield (
        idle("Attacked. The bars are the highest accuracy that each attack reached."),
        bars("attack", chart_rows(result)),
        bars("prompt", prompt_rows(result)),
        pd.DataFrame(table_rows(result), columns=COLUMNS),
        gr.update(value=str(file), visible=True),
    )


def bars(x: str, rows: list[tuple[str, float, str]]) -> gr.BarPlot:
    """A chart of rows in their order, which Gradio would else sort by name."""
    import pandas as pd

    return gr.BarPlot(pd.DataFrame(rows, columns=[x, "accuracy", "who"]), sort=[name for name, *_ in rows])


def by_success(findings: list[dict]) -> list[dict]:
    """The findings of a report, the most successful first."""
    return sorted(findings, key=lambda row: -row["accuracy"])


def chart_rows(result: dict) -> list[tuple[str, float, str]]:
    """One bar for the key (UP), one for clean images (LP), and one for each attack at its best."""
    rows = [("the key (UP)", result["unlocked"], "holder"), ("clean images (LP)", result["locked"], "thief")]
    rows += [(attack, figures["max"], "thief") for attack, figures in result["summary"].items()]
    return rows


def prompt_rows(result: dict) -> list[tuple[str, float, str]]:
    """One bar for the key, one for no key, and one for each other prompt, the most successful first."""
    rows = [("the key (UP)", result["unlocked"], "holder"), ("no key (LP)", result["locked"], "thief")]
    for row in by_success(result["findings"]):
        if who := PROMPT_ATTACKS.get(row["attack"]):
            entry = find(row["variant"])
            rows.append((entry.name if entry else row["variant"], row["accuracy"], who))
    return rows


def table_rows(result: dict) -> list[list[str]]:
    """A row for each finding, the most successful first."""
    return [
        [
            row["attack"], row["variant"], f"{row['accuracy']:.1%}", f"{row['reference']:.1%}",
            row["reference_name"], row["knows"], row["cost"],
        ]
        for row in by_success(result["findings"])
    ]  # fmt: skip
