"""A thief at work on the example, without a browser."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from modellock_core.evaluation import attacks
from modellock_core.paths import EXAMPLE_LOCK
from ui import attack, sessions
from ui.unlock import EXAMPLE, MINE


@pytest.fixture
def visitor():
    request = SimpleNamespace(session_hash="thief")
    yield request
    sessions.leave_session(request)


@pytest.fixture
def two_attacks(monkeypatch):
    """A thief of two attacks with next to no budget."""
    monkeypatch.setattr("ui.progress.REFRESH", 0)
    monkeypatch.setattr(attack, "attacks_of", lambda thief: ("wrong_hands", "wrong_settings"))
    monkeypatch.setitem(attacks.BUDGETS, "quick", replace(attacks.BUDGETS["quick"], test_images=9))


def test_each_attack_is_shown_and_in_the_file_when_it_ends(visitor, two_attacks):
    contents = []
    for view in attack.run_attack(EXAMPLE, "guesser", "quick", visitor):
        if view.file.get("visible"):
            with open(view.file["value"]) as file:
                contents.append((view, json.load(file)))
        elif isinstance(view.chart, dict):  # stays as it is
            assert " of 2: " in view.bar
    (first, begun), (last, done) = contents
    assert begun["attacks"] == ["wrong_hands"] and done["attacks"] == ["wrong_hands", "wrong_settings"]
    assert "1 attack to go." in first.result and "to go" not in last.result
    assert "wrong setting" not in first.table and "wrong setting" in last.table and "wrong setting" in last.chart
    assert len(last.findings) == len(done["findings"]) > len(first.findings) == len(begun["findings"])


def test_a_stored_report_stands_beside_the_example_alone(monkeypatch, tmp_path):
    card = json.loads((EXAMPLE_LOCK / "card.json").read_text())
    finding = {
        "attack": "wrong prompt", "variant": "in sepia", "knows": "nothing", "cost": "one guess", "score": 0.12,
        "reference": 0.9, "reference_name": "a vanilla finetune",
    }  # fmt: skip
    summed = {"mean": 0.12, "max": 0.12, "gain": None, "variants": 1, "opened": False, "meaning": "Nothing opens."}
    report = {
        "key_hash": card["key_hash"], "attacks": ["wrong_prompts"], "recipe": "standard", "dataset": "toybox",
        "metric": "accuracy", "budget": "quick", "unlocked_performance": 0.9, "locked_performance": 0.12,
        "vanilla_performance": None, "chance": 0.11, "summary": {"wrong prompt": summed}, "findings": [finding],
    }  # fmt: skip
    file = tmp_path / "attacks.json"
    monkeypatch.setattr(attack, "EXAMPLE_ATTACKS", file)
    assert attack.of_choice(EXAMPLE).chart == ""
    stored = {"thief": "guesser", "made_by": {"wrong prompt": "wrong_prompts"}, "report": report}
    file.write_text(json.dumps(stored))
    assert "wrong prompt" in attack.of_choice(EXAMPLE).chart and attack.of_choice(MINE).chart == ""
    report["key_hash"] = "0" * 64  # of an example that was replaced since
    file.write_text(json.dumps(stored))
    assert attack.of_choice(EXAMPLE).chart == ""
