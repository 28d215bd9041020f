"""Step 4, Attack: a thief tries what he can on a locked model; what it came to is kept for his visitor."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from modellock_core.errors import ModelLockError
from modellock_core.evaluation.thieves import EVERYBODY, attacks_of
from modellock_core.paths import EXAMPLE_ATTACKS, EXAMPLE_LOCK
from modellock_core.records import from_json, to_json
from modellock_core.writing import write_text

from . import unlock
from .attack_charts import THIEF_TEXTS, Outcome, chart_html, finding_rows, outcomes, result_text, table_html
from .attack_times import AttackClock
from .errors import shows_errors
from .private_cache import REPORT
from .progress import ProgressBar, idle, paced
from .sessions import session_folder
from .turns import has_turn, in_turn, tell_left
from .unlock import EXAMPLE, load_model_and_key, test_images_of

if TYPE_CHECKING:  # they load torch
    from modellock_core.evaluation.attacks import AttackReport

CARDS = {  # what each thief is called where one is chosen
    EVERYBODY: "All of them",
    "file": "Only the files",
    "guesser": "Guesses keys",
    "searcher": "Searches edits",
    "labeller": "Has labelled photos",
    "reader": "May ask it",
    "witness": "Has edited photos",
}
MODELS = {EXAMPLE: "The example", unlock.MINE: "The model you locked", unlock.OPENED: "The model you opened"}
MADE_BY = "made-by.json"  # beside a report
BEFORE = "Anything below was known before. The first new result replaces it."
STORED, YOURS = "Measured beforehand, not by you.", "Your last run."


class AttackView(NamedTuple):
    """What the page shows of a thief, in the order of its components; what is not given stays as it is."""

    bar: Any
    result: Any = gr.skip()
    chart: Any = gr.skip()
    table: Any = gr.skip()
    findings: Any = gr.skip()
    file: Any = gr.skip()


NOTHING = "", "", [], gr.update(visible=False)  # chart, table, findings and file
UNCHANGED = AttackView(gr.skip())


@in_turn
@shows_errors
def run_attack(
    choice: str, thief: str, budget: str, request: gr.Request, unsealed: bool = False
) -> Iterator[AttackView]:
    """Let a thief run his attacks one after the other; what each came to is shown when it ends.

    Args:
        choice: which model.
        thief: which of `THIEF_NAMES`.
        budget: "quick" or "full".
        unsealed: whether he has the sealed last layer too.
    """
    from modellock_core import Progress, run_attacks
    from modellock_core.evaluation.attacks import BUDGETS, Target, attack_report

    if thief is None or budget is None:
        raise ModelLockError("choose a thief and an effort")
    locked, key = load_model_and_key(choice, request, sealed=not unsealed)
    bar, begun, who = ProgressBar(), time.monotonic(), _who(choice, thief, unsealed=unsealed)
    yield AttackView(bar.render(Progress("Loading images")), f"{who}\n\n{BEFORE}")
    target = Target(locked, key, test_images_of(locked))
    folder = _kept(choice, thief, request)
    folder.mkdir(parents=True, exist_ok=True)
    names, made_by = attacks_of(thief), dict[str, str]()
    report, clock = attack_report(target, (), budget, ()), AttackClock(names, budget)
    for i, name in enumerate(names):
        told = clock.told()
        tell_left(told)
        work, whole = run_attacks(target, BUDGETS[budget], (name,)), f'<div class="whole-time">{told}</div>'
        for progress in paced(work):
            moment = replace(progress, stage=f"{i + 1} of {len(names)}: {progress.stage}")
            yield AttackView(bar.render(moment, tells_time=False) + whole)
        clock.end_attack()
        made_by |= {finding.attack: name for finding in work.result()}
        report = attack_report(target, (*report.findings, *work.result()), budget, names[: i + 1])
        write_text(folder / REPORT, json.dumps(to_json(report), indent=2) + "\n")
        left = len(names) - i - 1
        write_text(folder / MADE_BY, json.dumps({"made_by": made_by, "unsealed": unsealed, "left": left}))
        done = idle(f"{i + 1} of {len(names)} attacks done, after {time.monotonic() - begun:.0f} s.")
        yield _view(done, who, report, outcomes(report, made_by), folder / REPORT, left)


def of_choice(choice: str, thief: str, request: gr.Request) -> AttackView:
    """What is known of a thief's attacks on a model, unless he attacks it now."""
    if has_turn(run_attack.__name__, request):  # what he finds out now stays
        return UNCHANGED
    return _known(choice, thief, request)


def _known(choice: str, thief: str, request: gr.Request) -> AttackView:
    """What came of a thief's attacks on a model: of the visitor's own, or of the example's stored report."""
    return (
        _own_report(choice, thief, request)
        or (stored_report(thief) if choice == EXAMPLE else None)
        or AttackView("", f"{_who(choice, thief)}\n\n{_not_yet(choice, request)}", *NOTHING)
    )


def after_attack(choice: str, thief: str, request: gr.Request) -> AttackView:
    """What is shown after an attack has ended: what it found, or what was known before if it was stopped too soon."""
    return _known(choice, thief, request)._replace(bar=gr.skip())


def choose(choice: str, request: gr.Request) -> dict[str, Any]:
    """The choice of a model, as another step has it."""
    return gr.update(choices=[(MODELS[one], one) for one in unlock.models_there(request)], value=choice)


def same_model(choice: str, request: gr.Request) -> Any:
    """The model that another step is about, unless one is attacked now."""
    return gr.skip() if has_turn(run_attack.__name__, request) else choose(choice, request)


@shows_errors
def _own_report(choice: str, thief: str, request: gr.Request) -> AttackView | None:
    """The visitor's last attacks on a model by a thief; None where there are none, or the model is another one now."""
    from modellock_core.evaluation.attacks import AttackReport

    folder = _kept(choice, thief, request)
    if not (folder / MADE_BY).exists():
        return None
    kept = json.loads((folder / MADE_BY).read_text())
    report = from_json(AttackReport, json.loads((folder / REPORT).read_text()), REPORT)
    try:
        if load_model_and_key(choice, request)[0].card.key_hash != report.key_hash:
            return None
    except ModelLockError:  # it is gone
        return None
    who = _who(choice, thief, unsealed=kept["unsealed"])
    return _view("", f"{who} {YOURS}", report, outcomes(report, kept["made_by"]), folder / REPORT, kept["left"])


@shows_errors
def stored_report(thief: str) -> AttackView | None:
    """What a thief gets out of the example by its stored report, before anything was pressed; None if it has none."""
    from modellock_core.evaluation.attacks import AttackReport

    if not EXAMPLE_ATTACKS.exists():
        return None
    values = json.loads(EXAMPLE_ATTACKS.read_text())
    report = from_json(AttackReport, values["report"], EXAMPLE_ATTACKS.name)
    card = json.loads((EXAMPLE_LOCK / "card.json").read_text())
    if report.key_hash != card["key_hash"]:  # of an example that was replaced
        return None
    found = [one for one in outcomes(report, values["made_by"]) if thief in (EVERYBODY, one.thief)]
    return _view("", f"{_who(EXAMPLE, thief)} {STORED}", report, found) if found else None


def _view(
    bar: str, who: str, report: AttackReport, found: Sequence[Outcome], file: Path | None = None, left: int = 0
) -> AttackView:
    names = {one.attack for one in found}
    return AttackView(
        bar, f"{who}\n\n{result_text(found, left)}", chart_html(report, found), table_html(found),
        finding_rows([finding for finding in report.findings if finding.attack in names]),
        gr.update(visible=file is not None, value=file and str(file)),
    )  # fmt: skip


def _who(choice: str, thief: str, *, unsealed: bool = False) -> str:
    """Model and thief in words: whatever is shown belongs to them."""
    whole = ", and the decrypted last layer" if unsealed else ""
    if thief == EVERYBODY:
        return f"{MODELS[choice]}, attacked by **all six thieves**{whole and ' who have the decrypted last layer'}."
    return f"{MODELS[choice]}, attacked by a thief who **{THIEF_TEXTS[thief]}{whole}**."


def _not_yet(choice: str, request: gr.Request) -> str:
    """Why there is nothing to show, in a sentence."""
    try:
        load_model_and_key(choice, request)
    except ModelLockError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    return "Nobody has attacked it here yet. Press Attack."


def _kept(choice: str, thief: str, request: gr.Request) -> Path:
    """Where a visitor's last attacks on a model by a thief are kept."""
    return session_folder(request) / "attacks" / f"{list(MODELS).index(choice)}-{thief}"
