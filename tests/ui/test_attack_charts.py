from modellock_core.evaluation.attacks.report import AttackReport, summary
from modellock_core.evaluation.attacks.setting import Finding
from ui.attack import COLUMNS, by_success, chart_rows, prompt_rows, table_rows
from ui.colours import COLOURS

FINDINGS = tuple(
    Finding(attack, variant, "nothing", "one guess", score, 0.95, "a vanilla finetune")
    for attack, variant, score in (
        ("wrong prompt", "in sepia", 0.1),
        ("wrong prompt", "in the style of Monet", 0.3),
        ("wrong prompt, a negative", "in winter", 0.15),
        ("paraphrase", "like oil pastel", 0.2),
        ("cheap filter", "blur", 0.4),
    )
)
REPORT = AttackReport(
    recipe="quick", dataset="toybox", metric="accuracy", budget="quick", unlocked_performance=0.9,
    locked_performance=0.1, vanilla_performance=None, chance=0.11, summary=summary(FINDINGS), findings=FINDINGS,
)  # fmt: skip


def test_the_chart_of_attacks_has_the_key_no_key_and_the_best_of_every_attack():
    assert [(name, height) for name, height, _ in chart_rows(REPORT)] == [
        ("the key (UP)", 0.9), ("clean images (LP)", 0.1), ("wrong prompt", 0.3), ("wrong prompt, a negative", 0.15),
        ("paraphrase", 0.2), ("cheap filter", 0.4),
    ]  # fmt: skip


def test_the_chart_of_prompts_names_each_prompt_the_best_first():
    rows = prompt_rows(REPORT, by_success(FINDINGS))
    names = ["the key (UP)", "no key (LP)", "Monet", "like oil pastel", "Winter", "Sepia"]
    assert [name for name, _, _ in rows] == names
    assert {who for *_, who in rows} <= set(COLOURS)


def test_the_table_has_a_text_for_every_column():
    first, *rest = table_rows(by_success(FINDINGS))
    assert first[:5] == ["cheap filter", "blur", "40.0%", "95.0%", "a vanilla finetune"]
    assert {len(row) for row in (first, *rest)} == {len(COLUMNS)}
