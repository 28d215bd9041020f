"""Step 4, Attack: what a thief gets out of a locked model, as a sentence, a chart, a table and a file."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from modellock_core.errors import ModelLockError
from modellock_core.evaluation.thieves import EVERYBODY, THIEVES, attacks_of
from modellock_core.paths import EXAMPLE_ATTACKS, EXAMPLE_LOCK
from modellock_core.records import from_json, to_json
from modellock_core.writing import write_text

from .colours import BESIDE, HELD, HOLDER, OPENED
from .errors import shows_errors
from .private_cache import REPORT
from .progress import ProgressBar, idle, paced
from .sessions import session_folder
from .unlock import EXAMPLE, load_model_and_key, test_images_of

if TYPE_CHECKING:  # they load torch
    from modellock_core.evaluation.attacks import AttackReport, Finding

THIEF_TEXTS = {
    "file": "has nothing but the files",
    "guesser": "knows your editor, and guesses keys",
    "searcher": "knows your editor, and has a few labelled images",
    "labeller": "has a few labelled images",
    "reader": "reads the model's answers",
    "witness": "has seen some of your edited images",
    EVERYBODY: "has all of this, and some minutes",
}
DONE = {  # what the thief does, of each attack
    "artefact": "looks for traces of the key in the model's files",
    "cheap_filters": "filters the images: blur, grey, noise and others",
    "pruning": "sets the smallest weights to zero",
    "weight_noise": "adds noise to the weights",
    "quantisation": "rounds the weights to a few bits",
    "wrong_prompts": "edits the images with other prompts",
    "wrong_hands": "has the right prompt, but other random bits",
    "paraphrases": "says the right prompt in other words",
    "wrong_settings": "has the right prompt, but not the settings",
    "wrong_editor": "has the right prompt, but another editor",
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
GUESSING, PUBLIC = "guessing", "the public backbone with the same labels"
COLUMNS = ["attack", "what the thief does", "what he has", "score", "compared with", "what it means"]
FINDING_COLUMNS = {  # of the list of all findings, with their widths
    "attack": "160px", "variant": "270px", "score": "80px", "reference": "100px", "reference is": "180px",
    "what the thief has": "280px", "cost": "150px",
}  # fmt: skip


class AttackView(NamedTuple):
    """What the page shows of a thief, in the order of its components; what is not given stays as it is."""

    bar: str
    result: Any = gr.skip()
    chart: Any = gr.skip()
    table: Any = gr.skip()
    findings: Any = gr.skip()
    file: Any = gr.skip()


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
    bar, begun = ProgressBar(), time.monotonic()
    yield AttackView(bar.render(Progress("Loading images")), "", "", "", [], gr.update(visible=False))
    target = Target(locked, key, test_images_of(locked))
    file = session_folder(request) / REPORT
    names, made_by = attacks_of(thief), dict[str, str]()
    report = attack_report(target, (), budget, ())
    for i, name in enumerate(names):
        work = run_attacks(target, BUDGETS[budget], (name,))
        for progress in paced(work):
            yield AttackView(bar.render(replace(progress, stage=f"{i + 1} of {len(names)}: {progress.stage}")))
        made_by |= {finding.attack: name for finding in work.result()}
        report = attack_report(target, (*report.findings, *work.result()), budget, names[: i + 1])
        write_text(file, json.dumps(to_json(report), indent=2) + "\n")
        found = outcomes(report, made_by)
        yield AttackView(
            idle(f"{i + 1} of {len(names)} attacks done, after {time.monotonic() - begun:.0f} s."),
            result_text(found, left=len(names) - i - 1), chart_html(report, found), table_html(found),
            finding_rows(report.findings), gr.update(value=str(file), visible=True),
        )  # fmt: skip


def of_choice(choice: str) -> AttackView:
    """What is known of a model that nobody has attacked here yet: of the example, its stored report."""
    nothing = AttackView(idle("Nobody has attacked this model here yet."), "", "", "", [], gr.update(visible=False))
    return (stored_report() or nothing) if choice == EXAMPLE else nothing


@shows_errors
def stored_report() -> AttackView | None:
    """The report of the example, before anything was pressed; what it says is of that model alone."""
    from modellock_core.evaluation.attacks import AttackReport

    if not EXAMPLE_ATTACKS.exists():
        return None
    values = json.loads(EXAMPLE_ATTACKS.read_text())
    report = from_json(AttackReport, values["report"], EXAMPLE_ATTACKS.name)
    card = json.loads((EXAMPLE_LOCK / "card.json").read_text())
    if report.key_hash != card["key_hash"]:  # of an example that was replaced
        return None
    found = outcomes(report, values["made_by"])
    thief = THIEF_TEXTS[values["thief"]]
    return AttackView(
        idle(f"The example, attacked beforehand by a thief who {thief}. Run your own above."),
        result_text(found, left=0), chart_html(report, found), table_html(found), finding_rows(report.findings),
        gr.update(visible=False),
    )  # fmt: skip


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
    opened, best = [outcome for outcome in found if outcome.opened], _most_telling(found)
    what = f"he {best.done} ({best.attack}), where {best.beside_name} gets {best.beside:.0%}"
    if opened:
        others = f" {len(opened)} of {len(found)} attacks open the model." if len(opened) > 1 else ""
        return f"**Opened, to {best.score:.0%}**: {what}. Beside the model, he has {best.has}.{others}{to_go}"
    said = "So far, nothing opens the model." if left else "Nothing this thief tried opens the model."
    labelled = max((o for o in found if o.beside_name == PUBLIC and o is not best), key=lambda o: o.score, default=None)
    more = ""
    if labelled:
        more = (
            f" With labelled images he gets {labelled.score:.0%}, and anybody {labelled.beside:.0%} without the model."
        )
    return f"**{said}** At best he gets {best.score:.0%}: {what}.{more}{to_go}"


def _most_telling(found: Sequence[Outcome]) -> Outcome:
    """The outcome that says most: of the attacks that open the model, or else of all, the one that gains most."""
    return max(found, key=lambda one: (one.opened, one.gain))


def chart_html(report: AttackReport, found: Sequence[Outcome]) -> str:
    """Bars: of the key, of clean images, and of each thief his best attack; of one thief alone, all his attacks."""
    thieves = dict.fromkeys(one.thief for one in found)
    if len(thieves) > 1:
        title = "What each thief gets"
        rows = [_thief_bars(thief, [one for one in found if one.thief == thief]) for thief in thieves]
    else:
        title = "What each attack gets"
        rows = [_outcome_bars(one, one.done, one.attack) for one in found]
    rows = [
        _bars("You, with the key", "", "", (report.unlocked_performance, HOLDER)),
        _bars("Anybody, without the key", "the images as they are", "", (report.locked_performance, HELD)),
        *rows,
    ]  # fmt: skip
    legend = {"holds": HELD, "opened": OPENED, "what anybody gets without the stolen model": BESIDE}
    keys = "".join(f'<span><i style="background:{colour}"></i>{name}</span>' for name, colour in legend.items())
    return f'<h3>{title}: {html.escape(report.metric)}</h3><div class="legend">{keys}</div>{"".join(rows)}'


def _thief_bars(thief: str, found: Sequence[Outcome]) -> str:
    best = _most_telling(found)
    count = f"best of {len(found)} attacks: he " if len(found) > 1 else "he "
    return _outcome_bars(best, THIEF_TEXTS[thief], count + best.done)


def _outcome_bars(one: Outcome, name: str, note: str) -> str:
    """The bars of an outcome beside what it is compared with; its name is a clause about the thief."""
    beside = f"{'guessing' if one.beside_name == GUESSING else 'anybody'} gets {one.beside:.0%}"
    bars = (one.score, OPENED if one.opened else HELD), (one.beside, BESIDE)
    return _bars(f"He {name}{': opened' if one.opened else ''}", note, beside, *bars)


def _bars(name: str, note: str, beside: str, *bars: tuple[float, str]) -> str:
    """A name and a line about it, a score, what it is compared with, and a bar for each fraction and its colour."""
    drawn = "".join(
        f'<div class="bar" style="width:{max(0.0, 100 * value):.1f}%;background:{colour}"></div>'
        for value, colour in bars
    )
    named = f'<span class="name">{html.escape(name)}<small>{html.escape(note)}</small></span>'
    figures = f'<span class="figures"><b>{bars[0][0]:.0%}</b><small>{html.escape(beside)}</small></span>'
    return f'<div class="group">{named}{figures}<div class="bars">{drawn}</div></div>'


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
