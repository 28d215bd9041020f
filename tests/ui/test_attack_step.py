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
        if isinstance(view.file, dict) and view.file.get("visible"):
            with open(view.file["value"]) as file:
                contents.append((view, json.load(file)))
        else:  # what was known before stays as it is
            assert isinstance(view.chart, dict) and (" of 2: " in view.bar or "Loading" in view.bar)
    (first, begun), (last, done) = contents
    assert begun["attacks"] == ["wrong_hands"] and done["attacks"] == ["wrong_hands", "wrong_settings"]
    assert "1 attack to go." in first.result and "to go" not in last.result
    assert "wrong setting" not in first.table and "wrong setting" in last.table and "wrong setting" in last.chart
    assert len(last.findings) == len(done["findings"]) > len(first.findings) == len(begun["findings"])


def test_who_comes_back_to_a_thief_finds_his_last_run(visitor, two_attacks):
    *_, last = attack.run_attack(EXAMPLE, "guesser", "quick", visitor, unsealed=True)
    shown = attack.of_choice(EXAMPLE, "guesser", visitor)
    assert shown.chart == last.chart and shown.file == last.file
    assert attack.YOURS in shown.result and "decrypted" in shown.result
    assert attack.YOURS not in attack.of_choice(EXAMPLE, "witness", visitor).result


def test_a_run_stopped_before_it_found_anything_gives_way_to_what_was_there(visitor):
    running = attack.run_attack(EXAMPLE, "guesser", "quick", visitor)
    assert next(running).result.endswith(attack.BEFORE)
    assert isinstance(attack.of_choice(EXAMPLE, "witness", visitor).chart, dict)  # stays as it is while he attacks
    running.close()
    assert attack.STORED in attack.after_attack(EXAMPLE, "guesser", visitor).result


def test_a_stored_report_stands_beside_the_example_and_its_thief_alone(visitor, monkeypatch, tmp_path):
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
    assert attack.of_choice(EXAMPLE, "guesser", visitor).chart == ""
    stored = {"thief": "guesser", "made_by": {"wrong prompt": "wrong_prompts"}, "report": report}
    file.write_text(json.dumps(stored))
    shown = attack.of_choice(EXAMPLE, "guesser", visitor)
    assert "wrong prompt" in shown.chart and attack.STORED in shown.result and "guesses keys" in shown.result
    assert attack.of_choice(EXAMPLE, "labeller", visitor).chart == ""  # of another thief
    mine = attack.of_choice(MINE, "guesser", visitor)
    assert mine.chart == "" and "The model you locked" in mine.result and "othing is locked yet" in mine.result
    report["key_hash"] = "0" * 64  # of an example that was replaced since
    file.write_text(json.dumps(stored))
    assert attack.of_choice(EXAMPLE, "guesser", visitor).chart == ""
