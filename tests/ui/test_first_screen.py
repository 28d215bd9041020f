"""What is shown before anything is loaded is what was measured of the example that is bundled."""

import json

from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK, FIRST_SCREEN
from ui import first_screen
from ui.answers import verdict


def test_the_stored_scene_is_of_the_bundled_example_and_proves_the_claim():
    facts = first_screen.stored().facts
    card = json.loads((EXAMPLE_LOCK / "card.json").read_text())
    assert facts.prompt == json.loads(EXAMPLE_KEY.read_text())["prompt"]
    for name in ("unlocked_performance", "locked_performance"):
        assert getattr(facts, name) == card[name]
    assert facts.clean.abstains and verdict(facts.keyed, facts.truth)[0] == "right"
    assert FIRST_SCREEN.stat().st_size < 100_000


def test_what_is_asked_live_is_what_was_stored():
    number, facts = first_screen.stored_number(), first_screen.stored().facts
    (_, asking), (live, said) = first_screen.asked_live(number, "")
    assert "Asking" in asking and said == ""
    assert f"{facts.keyed.label} {facts.keyed.probability:.0%}" in live and live.count("<figure") == 2
    *_, (guessed, said) = first_screen.asked_live(number, "<b>in sepia</b>")
    assert "No answer" in said and "Wrong words" in said and "<b>in sepia" not in said
    assert guessed == live


def test_the_words_open_the_example_with_the_key_file_alone():
    number, facts = first_screen.stored_number(), first_screen.stored().facts
    *_, (_, without) = first_screen.asked_live(number, facts.prompt)
    assert "No answer" in without and "the key file is missing" in without
    *_, (_, whole) = first_screen.asked_live(number, facts.prompt.upper(), True)
    assert "answer holder" in whole and f"{facts.keyed.label} " in whole
