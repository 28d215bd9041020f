"""Step 4, Attack: what a thief gets out of a locked model, as a sentence, a chart, a table and a file."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from modellock_core.errors import ModelLockError
from modellock_core.evaluation.thieves import EVERYBODY, THIEVES, attacks_of
from modellock_core.paths import EXAMPLE_ATTACKS, EXAMPLE_LOCK
from modellock_core.records import from_json, to_json
from modellock_core.writing import write_text

from . import unlock
from .colours import HELD, HOLDER, OPENED
from .errors import shows_errors
from .private_cache import REPORT
from .progress import ProgressBar, idle, paced
from .sessions import session_folder
from .turns import has_turn, in_turn, tell_left
from .unlock import EXAMPLE, load_model_and_key, test_images_of

if TYPE_CHECKING:  # they load torch
    from modellock_core.evaluation.attacks import AttackReport, Finding

CARDS = {  # what each thief is called where one is chosen
    EVERYBODY: "All of them",
    "file": "Only the files",
    "guesser": "Guesses keys",
    "searcher": "Searches edits",
    "labeller": "Has labelled photos",
    "reader": "Sees its answers",
    "witness": "Saw edited photos",
}
THIEF_TEXTS = {  # what each has beside the stolen model
    EVERYBODY: "has all of this",
    "file": "has nothing but the stolen files",
    "guesser": "has your editor, and guesses keys",
    "searcher": "has your editor, and a few labelled photos",
    "labeller": "has a few labelled photos",
    "reader": "sees what the model answers",
    "witness": "has seen some of your edited photos",
}
DONE = {  # what the thief does, of each attack
    "artefact": "looks for traces of the key in the model's files",
    "cheap_filters": "filters the images: blur, grey, noise and others",
    "pruning": "sets the smallest weights to zero",
    "weight_noise": "adds noise to the weights",
    "quantisation": "rounds the weights to a few bits",
    "wrong_prompts": "edits the images with other prompts",
    "wrong_hands": "knows the right words, but not the random part of the key",
    "paraphrases": "says the right words in another way",
    "wrong_settings": "knows the right words, but edits a little differently",
    "wrong_editor": "knows the right words, but has another editor",
    "prompt_search": "tries prompts, and keeps changing the best",
    "editor_space": "searches all that the editor can paint",
    "soft_prompt": "optimises a prompt by gradient",
    "universal_pattern": "optimises one pattern or filter for all images",
    "input_disguise": "trains a small network that edits the images",
    "linear_probe": "fits a new last layer to the model's features",
    "finetuning": "trains the model on his images",
    "hybrids": "joins parts of the model with the public backbone",
    "fine_pruning": "removes idle channels, and trains the rest",
    "relocking": "locks the model again, with a key of his own",
    "label_permutation": "swaps the names of the classes",
    "logit_probe": "fits a new layer to the model's answers",
    "source_free": "adapts the model to images without labels",
    "extraction": "trains a copy on the answers",
    "leaked_pairs": "imitates the edited images that he has seen",
    "known_edit": "edits as you do, and trains a new last layer",
}
MODELS = {EXAMPLE: "The example", unlock.MINE: "The model you locked", unlock.OPENED: "The model you opened"}
MADE_BY = "made-by.json"  # beside a report
STORED, YOURS = "Measured beforehand, not by you.", "Your last run."
GUESSING, PUBLIC = "guessing", "the public backbone with the same labels"
COLUMNS = ["attack", "what the thief does", "what he has", "score", "compared with", "what it means"]
LEGEND = (
    ('<i class="mark"></i>', "what anybody gets without the stolen model"),
    (f'<i style="background:{OPENED}"></i>', "clearly more: the lock is broken"),
    (f'<i style="background:{HELD}"></i>', "about as much, or less: the lock holds"),
)
FINDING_COLUMNS = {  # of the list of all findings, with their widths
    "attack": "160px", "variant": "270px", "score": "80px", "reference": "100px", "reference is": "180px",
    "what the thief has": "280px", "cost": "150px",
}  # fmt: skip


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


@dataclass(frozen=True)
class Outcome:
    """What came out of an attack.

    Attributes:
        attack: its name in the report.
        thief: who runs it, one of `THIEVES`.
        done: what the thief does.
        has: what he has beside the model.
        score: of its most telling variant, a fraction.
        beside, beside_name: what to compare the score with.
        opened, meaning: see `AttackSummary`.
    """

    attack: str
    thief: str
    done: str
    has: str
    score: float
    beside: float
    beside_name: str
    opened: bool
    meaning: str

    @property
    def gain(self) -> float:
        """How far the score is above what it is compared with."""
        return self.score - self.beside


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
        raise ModelLockError("choose a thief and a budget")
    locked, key = load_model_and_key(choice, request, sealed=not unsealed)
    bar, begun, who = ProgressBar(), time.monotonic(), _who(choice, thief, unsealed=unsealed)
    yield AttackView(bar.render(Progress("Loading images")), f"{who}\n\nNo attack is done yet.", *NOTHING)
    target = Target(locked, key, test_images_of(locked))
    folder = _kept(choice, thief, request)
    folder.mkdir(parents=True, exist_ok=True)
    names, made_by = attacks_of(thief), dict[str, str]()
    report = attack_report(target, (), budget, ())
    for i, name in enumerate(names):
        tell_left(f"{i} of {len(names)} attacks done")
        work = run_attacks(target, BUDGETS[budget], (name,))
        for progress in paced(work):
            yield AttackView(bar.render(replace(progress, stage=f"{i + 1} of {len(names)}: {progress.stage}")))
        made_by |= {finding.attack: name for finding in work.result()}
        report = attack_report(target, (*report.findings, *work.result()), budget, names[: i + 1])
        write_text(folder / REPORT, json.dumps(to_json(report), indent=2) + "\n")
        write_text(folder / MADE_BY, json.dumps({"made_by": made_by, "unsealed": unsealed}))
        done = idle(f"{i + 1} of {len(names)} attacks done, after {time.monotonic() - begun:.0f} s.")
        yield _view(done, who, report, outcomes(report, made_by), folder / REPORT, left=len(names) - i - 1)


def of_choice(choice: str, thief: str, request: gr.Request) -> AttackView:
    """What is known of a thief's attacks on a model: of the visitor's own, or of the example's stored report."""
    if has_turn(run_attack.__name__, request):  # what he finds out now stays
        return UNCHANGED
    return (
        _own_report(choice, thief, request)
        or (stored_report(thief) if choice == EXAMPLE else None)
        or AttackView("", f"{_who(choice, thief)}\n\n{_not_yet(choice, request)}", *NOTHING)
    )


def after_attack(choice: str, thief: str, chart: str | None, request: gr.Request) -> AttackView:
    """What is shown after an attack has ended: what was there before, if it was stopped before it found anything."""
    if chart:
        return UNCHANGED
    return of_choice(choice, thief, request)._replace(bar=gr.skip())


def same_model(choice: str, request: gr.Request) -> Any:
    """The model that another step is about, unless one is attacked now."""
    return gr.skip() if has_turn(run_attack.__name__, request) else choice


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
    return _view("", f"{who} {YOURS}", report, outcomes(report, kept["made_by"]), folder / REPORT)


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


def outcomes(report: AttackReport, made_by: Mapping[str, str]) -> list[Outcome]:
    """What came out of each attack, in their order.

    Args:
        made_by: for each attack's name in the report, its name in `ATTACKS`.
    """
    found = []
    for attack, reached in report.summary.items():
        rows = [finding for finding in report.findings if finding.attack == attack]
        labelled = reached.gain is not None  # then the report judges by the gain
        best = max(rows, key=lambda row: row.score - row.reference if labelled else row.score)
        compared = (best.reference, PUBLIC) if labelled else (report.chance, GUESSING)
        has = best.knows.replace("these labelled", f"{best.labels} labelled")
        judged = reached.opened, reached.meaning
        name = made_by[attack]
        thief = next(thief for thief, one in THIEVES.items() if name in one.attacks)
        found.append(Outcome(attack, thief, DONE[name], has, best.score, *compared, *judged))
    return found


def result_text(found: Sequence[Outcome], left: int) -> str:
    """What came out of all attacks, in a line of Markdown.

    Args:
        left: how many attacks are still to be run.
    """
    to_go = f" {left} {'attack' if left == 1 else 'attacks'} to go." if left else ""
    if not found:
        return to_go.strip() or "Nothing that this thief can do applies to this model."
    best = _most_telling(found)
    holds = "So far, the lock holds." if left else "The lock holds."
    said = "The lock is broken." if best.opened else holds
    if not best.opened and len({one.thief for one in found}) > 1:  # each has another mark to beat
        return f"**{said}** No thief gets clearly more than anybody gets without the stolen model.{to_go}"
    who = "he" if len({one.thief for one in found}) == 1 else "a thief"
    beside = f"anybody gets {best.beside:.0%} without the stolen model"
    return f"**{said}** At best {who} gets {best.score:.0%}; {beside}.{to_go}"


def _most_telling(found: Sequence[Outcome]) -> Outcome:
    """The outcome that says most: of the attacks that open the model, or else of all, the one that gains most."""
    return max(found, key=lambda one: (one.opened, one.gain))


def chart_html(report: AttackReport, found: Sequence[Outcome]) -> str:
    """Bars: of the key, of plain images, and of each thief his best attack; of one thief alone, all his attacks."""
    thieves = dict.fromkeys(one.thief for one in found)
    if len(thieves) > 1:
        rows = [_thief_bar(thief, [one for one in found if one.thief == thief]) for thief in thieves]
    else:
        rows = [_outcome_bar(one, f"He {one.done}", one.attack) for one in found]
    rows = [
        _bar("You, with the key", "", report.unlocked_performance, HOLDER),
        _bar("Anybody, without the key", "plain photos", report.locked_performance, HELD),
        *rows,
    ]  # fmt: skip
    keys = "".join(f"<span>{mark}{text}</span>" for mark, text in LEGEND)
    title = f"What they get right of the test photos ({html.escape(report.metric)})"
    return f'<h3>{title}</h3><div class="legend">{keys}</div>{"".join(rows)}'


def _thief_bar(thief: str, found: Sequence[Outcome]) -> str:
    best = _most_telling(found)
    count = f"best of {len(found)} attacks: he " if len(found) > 1 else "he "
    return _outcome_bar(best, f"He {THIEF_TEXTS[thief]}", count + best.done)


def _outcome_bar(one: Outcome, name: str, note: str) -> str:
    return _bar(name, note, one.score, OPENED if one.opened else HELD, one.beside)


def _bar(name: str, note: str, score: float, colour: str, beside: float | None = None) -> str:
    """A name and a line about it, a fraction as a number and a bar, and a mark at what anybody gets."""
    mark = anybody = ""
    if beside is not None:
        mark = f'<i style="left:{100 * beside:.1f}%"></i>'
        anybody = f"anybody: {beside:.0%}"
    broken = " <b>lock broken</b>" if colour == OPENED else ""
    return (
        f'<div class="group"><span class="name">{html.escape(name)}{broken}<small>{html.escape(note)}</small></span>'
        f'<span class="figures"><b>{score:.0%}</b><small>{anybody}</small></span><div class="bars">'
        f'<div class="bar" style="width:{100 * max(0.0, score):.1f}%;background:{colour}"></div>{mark}</div></div>'
    )


def table_html(found: Sequence[Outcome]) -> str:
    """A row of text for each attack; a cell says its column, as a phone shows them below each other."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = []
    for one in found:
        texts = (
            *(one.attack, one.done, one.has),
            *(f"{one.score:.0%}", f"{one.beside:.0%}, {one.beside_name}", one.meaning),
        )
        cells = zip(COLUMNS, texts, strict=True)
        rows.append("".join(f'<td data-column="{name}">{html.escape(text)}</td>' for name, text in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if found else ""


def finding_rows(findings: Sequence[Finding]) -> list[list[str]]:
    """A row of text for each finding, the highest score first."""
    return [
        [f.attack, f.variant, f"{f.score:.1%}", f"{f.reference:.1%}", f.reference_name, f.knows, f.cost]
        for f in sorted(findings, key=lambda finding: -finding.score)
    ]
