"""A thief at work on the example, without a browser."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from modellock_core.evaluation import attacks
from ui import attack, sessions
from ui.unlock import EXAMPLE


@pytest.fixture
def visitor():
    request = SimpleNamespace(session_hash="thief")
    yield request
    sessions.remove_session(request)


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
