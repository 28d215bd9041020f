"""What the page says of attacks: sentences, bars and rows."""

import re

import pytest

from modellock_core.evaluation.attacks.report import TOLERANCE, AttackReport, summary
from modellock_core.evaluation.attacks.setting import Finding
from modellock_core.evaluation.thieves import EVERYBODY, THIEF_NAMES, attacks_of
from ui.attack_charts import (
    COLUMNS,
    DONE,
    FINDING_COLUMNS,
    GUESSING,
    PUBLIC,
    THIEF_TEXTS,
    chart_html,
    finding_rows,
    outcomes,
    result_text,
    table_html,
)  # fmt: skip
from ui.colours import HELD, OPENED


def guess(attack: str, variant: str, score: float, knows: str = "nothing") -> Finding:
    """A row of what was tried without a label."""
    return Finding(
        attack=attack, variant=variant, knows=knows, cost="one guess", score=score, reference=0.95,
        reference_name="a vanilla finetune",
    )  # fmt: skip


GUESSED = tuple(
    guess(attack, variant, score)
    for attack, variant, score in (
        ("wrong prompt", "in sepia", 0.1), ("wrong prompt", "<b>in the style of Monet</b>", 0.15),
        ("wrong prompt in the right hand", "in winter", 0.12),
    )
)  # fmt: skip
LABELLED = tuple(
    Finding(
        attack="linear probe",
        variant=variant,
        knows="these labelled images",
        cost="one fit",
        score=score,
        reference=reference,
        reference_name="a public probe",
        labels=50,
    )
    for variant, score, reference in (("few", 0.64, 0.4), ("many", 0.7, 0.69))
)
HELD_BACK = LABELLED[1:]  # as good as the public backbone
MADE_BY = {
    "wrong prompt": "wrong_prompts", "wrong prompt in the right hand": "wrong_prompts", "linear probe": "linear_probe",
    "paraphrase": "paraphrases",
}  # fmt: skip


GAINS_MOST = "The attack that gains most, wrong prompt, gets 15%; without the stolen model anybody gets 11%."


def report_of(*findings):
    return AttackReport(
        key_hash="0", attacks=(), recipe="quick", dataset="toybox", metric="accuracy", budget="quick",
        unlocked_performance=0.9, locked_performance=0.13, vanilla_performance=None, chance=0.11,
        summary=summary(findings, 0.11), findings=findings,
    )  # fmt: skip


def found_by(*findings):
    return outcomes(report_of(*findings), MADE_BY)


def test_every_thief_and_every_attack_has_its_words():
    assert set(THIEF_TEXTS) == set(THIEF_NAMES)
    assert set(DONE) == set(attacks_of(EVERYBODY))


def test_an_attack_without_labels_stands_beside_guessing_and_one_with_labels_beside_the_public_backbone():
    prompt, in_hand, probe = found_by(*GUESSED, *LABELLED)
    assert (prompt.score, prompt.beside, prompt.beside_name, prompt.opened) == (0.15, 0.11, GUESSING, False)
    assert (prompt.has, probe.has) == ("nothing", "50 labelled images")
    assert in_hand.done == prompt.done == DONE["wrong_prompts"]
    assert (probe.score, probe.beside, probe.beside_name, probe.opened) == (0.64, 0.4, PUBLIC, True)


@pytest.mark.parametrize(
    ("findings", "left", "said"),
    [
        ((), 2, "2 attacks to go."),
        ((), 0, "Nothing that this thief can do applies to this model."),
        (GUESSED, 0, f"**The lock holds.** {GAINS_MOST}"),
        (GUESSED, 1, f"**So far, the lock holds.** {GAINS_MOST} 1 attack to go."),
        ((*GUESSED, *HELD_BACK), 0, "**The lock holds.** No thief gets clearly more than anybody gets without the "
                                    "stolen model."),
        ((*GUESSED, *LABELLED), 0, "**The lock is broken.** The attack that gains most, linear probe, gets 64%; "
                                   "without the stolen model anybody gets 40%."),
    ],
)  # fmt: skip
def test_a_sentence_says_what_came_out(findings, left, said):
    assert result_text(found_by(*findings), left) == said


def test_the_legend_tells_what_the_report_judges_by():
    legend = chart_html(report_of(*GUESSED), found_by(*GUESSED))
    assert f"({100 * TOLERANCE:.0f} points; over mere guessing, {200 * TOLERANCE:.0f})" in legend


def names_in(chart: str) -> list[str]:
    return re.findall(r'class="name">([^<]*)<', chart)


def test_the_chart_of_several_thieves_has_the_best_attack_of_each_in_plain_words():
    findings = (*GUESSED, *LABELLED)
    chart = chart_html(report_of(*findings), found_by(*findings))
    assert names_in(chart) == [
        "You, with the key", "The model without the key", "He has your editor, and guesses keys",
        "He has a few labelled photos ",
    ]  # fmt: skip
    assert re.findall(r"width:([\d.]+)%", chart) == ["90.0", "13.0", "15.0", "64.0"]
    assert re.findall(r"left:([\d.]+)%", chart) == ["11.0", "40.0"]  # what he gets without the model
    guesser, labeller = chart.split('class="group"')[-2:]
    assert "best of 2 tries: he edits the images with other prompts" in guesser
    assert HELD in guesser and OPENED not in guesser and "without it: 11%" in guesser
    assert OPENED in labeller and "lock broken" in labeller and "without it: 40%" in labeller


def test_the_chart_of_one_thief_has_all_his_attacks():
    chart = chart_html(report_of(*GUESSED), found_by(*GUESSED))
    assert names_in(chart)[2:] == ["He edits the images with other prompts"] * 2
    assert "wrong prompt, right random bits" in chart


def test_the_table_has_a_cell_for_every_column_and_shows_words_of_a_key_as_text():
    opening = guess("wrong prompt", "<b>in the style of Monet</b>", 0.8)
    table = table_html(found_by(opening, *LABELLED))
    assert re.findall(r'data-column="([^"]*)"', table) == COLUMNS * 2
    assert ">80%<" in table and ">40%, the public backbone with the same labels<" in table
    assert "&lt;b&gt;in the style of Monet" in table and "<b>" not in table
    assert table_html([]) == ""


def test_the_list_of_findings_has_a_text_for_every_column_the_best_first():
    rows = finding_rows((*GUESSED, *LABELLED))
    assert rows[0] == ["linear probe", "many", "70.0%", "69.0%", "a public probe", "these labelled images", "one fit"]
    assert [row[2] for row in rows] == ["70.0%", "64.0%", "15.0%", "12.0%", "10.0%"]
    assert {len(row) for row in rows} == {len(FINDING_COLUMNS)}
