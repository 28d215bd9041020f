"""What came out of a thief's attacks, in words: a sentence, bars, a table, and a row for everything that was tried."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modellock_core.evaluation.thieves import EVERYBODY, THIEVES

from .colours import HELD, HOLDER, OPENED

if TYPE_CHECKING:  # they load torch
    from modellock_core.evaluation.attacks import AttackReport, Finding

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
GUESSING, PUBLIC = "guessing", "the public backbone with the same labels"
NAMES = {  # what the page calls attacks whose names are the docs' words
    "wrong hand": "wrong random bits",
    "wrong prompt in the right hand": "wrong prompt, right random bits",
}
COLUMNS = ["attack", "what the thief does", "what he has", "score", "compared with", "what it means"]
LEGEND = (
    ('<i class="mark"></i>', "what the same thief gets without the stolen model"),
    # by `TOLERANCE` of the report
    (f'<i style="background:{OPENED}"></i>', "clearly more (5 points; over mere guessing, 10): the lock is broken"),
    (f'<i style="background:{HELD}"></i>', "about as much, or less: the lock holds"),
)
FINDING_COLUMNS = {  # of the list of all findings, with their widths
    "attack": "13%", "variant": "22%", "score": "7%", "compared": "8%", "compared with": "15%", "what he has": "23%",
    "cost": "12%",
}  # fmt: skip


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
    def name(self) -> str:
        """What the page calls the attack."""
        return _called(self.attack)

    @property
    def gain(self) -> float:
        """How far the score is above what it is compared with."""
        return self.score - self.beside


def _called(attack: str) -> str:
    return NAMES.get(attack, attack)


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
    beside = f"without the stolen model anybody gets {best.beside:.0%}"
    return f"**{said}** The attack that gains most, {best.name}, gets {best.score:.0%}; {beside}.{to_go}"


def _most_telling(found: Sequence[Outcome]) -> Outcome:
    """The outcome that says most: of the attacks that open the model, or else of all, the one that gains most."""
    return max(found, key=lambda one: (one.opened, one.gain))


def chart_html(report: AttackReport, found: Sequence[Outcome]) -> str:
    """Bars: of the key, of plain images, and of each thief his best attack; of one thief alone, all his attacks."""
    thieves = dict.fromkeys(one.thief for one in found)
    if len(thieves) > 1:
        rows = [_thief_bar(thief, [one for one in found if one.thief == thief]) for thief in thieves]
    else:
        rows = [_outcome_bar(one, f"He {one.done}", one.name) for one in found]
    rows = [
        _bar("You, with the key", "", report.unlocked_performance, HOLDER),
        _bar("The model without the key", "plain photos", report.locked_performance, HELD),
        *rows,
    ]  # fmt: skip
    keys = "".join(f"<span>{mark}{text}</span>" for mark, text in LEGEND)
    title = f"What they get right of the test photos ({html.escape(report.metric)})"
    return f'<h3>{title}</h3><div class="legend">{keys}</div>{"".join(rows)}'


def _thief_bar(thief: str, found: Sequence[Outcome]) -> str:
    best = _most_telling(found)
    count = f"best of {len(found)} tries: he " if len(found) > 1 else "he "
    return _outcome_bar(best, f"He {THIEF_TEXTS[thief]}", count + best.done)


def _outcome_bar(one: Outcome, name: str, note: str) -> str:
    return _bar(name, note, one.score, OPENED if one.opened else HELD, one.beside)


def _bar(name: str, note: str, score: float, colour: str, beside: float | None = None) -> str:
    """A name and a line about it, a fraction as a number and a bar, and a mark at what is got without the model."""
    mark = without = ""
    if beside is not None:
        mark = f'<i style="left:{100 * beside:.1f}%"></i>'
        without = f"without it: {beside:.0%}"
    broken = " <b>lock broken</b>" if colour == OPENED else ""
    return (
        f'<div class="group"><span class="name">{html.escape(name)}{broken}<small>{html.escape(note)}</small></span>'
        f'<span class="figures"><b>{score:.0%}</b><small>{without}</small></span><div class="bars">'
        f'<div class="bar" style="width:{100 * max(0.0, score):.1f}%;background:{colour}"></div>{mark}</div></div>'
    )


def table_html(found: Sequence[Outcome]) -> str:
    """A row of text for each attack; a cell says its column, as a phone shows them below each other."""
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = []
    for one in found:
        texts = (
            *(one.name, one.done, one.has),
            *(f"{one.score:.0%}", f"{one.beside:.0%}, {one.beside_name}", one.meaning),
        )
        cells = zip(COLUMNS, texts, strict=True)
        rows.append("".join(f'<td data-column="{name}">{html.escape(text)}</td>' for name, text in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if found else ""


def finding_rows(findings: Sequence[Finding]) -> list[list[str]]:
    """A row of text for each finding, the highest score first."""
    return [
        [
            *(_called(f.attack), f.variant, f"{f.score:.1%}", f"{f.reference:.1%}"),
            *(f.reference_name, f.knows, f.cost),
        ]
        for f in sorted(findings, key=lambda finding: -finding.score)
    ]
