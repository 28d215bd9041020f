from ui.attack import COLOURS, chart_rows, prompt_rows

RESULT = {
    "unlocked": 0.9,
    "locked": 0.1,
    "summary": {"wrong prompt": {"mean": 0.2, "max": 0.3, "variants": 2}},
    "findings": [
        {"attack": "wrong prompt", "variant": "in sepia", "accuracy": 0.1},
        {"attack": "wrong prompt", "variant": "in the style of Monet", "accuracy": 0.3},
        {"attack": "paraphrase", "variant": "like oil pastel", "accuracy": 0.2},
        {"attack": "cheap filter", "variant": "blur", "accuracy": 0.4},
    ],
}


def test_the_chart_of_attacks_has_the_key_no_key_and_the_best_of_every_attack():
    assert [(name, height) for name, height, _ in chart_rows(RESULT)] == [
        ("the key (UP)", 0.9), ("clean images (LP)", 0.1), ("wrong prompt", 0.3),
    ]  # fmt: skip


def test_the_chart_of_prompts_names_each_prompt_the_best_first():
    rows = prompt_rows(RESULT)
    assert [name for name, _, _ in rows] == ["the key (UP)", "no key (LP)", "Monet", "like oil pastel", "Sepia"]
    assert {who for *_, who in rows} <= set(COLOURS)
