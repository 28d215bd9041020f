"""What is told of the time that a thief's attacks take."""

import json
from dataclasses import replace

import pytest

from modellock_core.evaluation.thieves import EVERYBODY, attacks_of
from ui import attack_times
from ui.attack_times import AttackClock, expected
from ui.lock_times import MEASURED

WITNESS = attacks_of("witness")


@pytest.fixture(autouse=True)
def lock_of_100_seconds(monkeypatch, tmp_path):
    """A lock takes 100 s here, and each attack a fifth of that."""
    file = tmp_path / "attack_times.json"
    file.write_text(json.dumps(dict.fromkeys(attacks_of(EVERYBODY), 0.2)))
    monkeypatch.setattr(attack_times, "ATTACK_TIMES", file)
    monkeypatch.setattr(attack_times, "_took", {})
    monkeypatch.setattr(attack_times, "plan_of", lambda kind, images: replace(MEASURED, seconds=100))
    attack_times._shares.cache_clear()
    yield
    attack_times._shares.cache_clear()


@pytest.fixture
def now(monkeypatch):
    """A clock that stands still until it is set."""
    moment = [0.0]
    monkeypatch.setattr(attack_times.time, "monotonic", lambda: moment[0])
    return moment


def test_before_the_start_the_time_of_a_lock_tells_how_long_a_thief_takes():
    assert "**about 40 seconds**" in expected("witness", "quick")
    assert "minutes" in expected(EVERYBODY, "quick")
    assert "far longer" in expected("witness", "full")


def test_meanwhile_the_time_that_is_left_follows_the_pace_so_far(now):
    clock = AttackClock(WITNESS, "quick")
    assert clock.told() == "0 of 2 attacks done, about 40 seconds left"
    now[0] = 60.0  # three times slower than on an idle machine
    clock.end_attack()
    assert clock.told() == "1 of 2 attacks done, about 60 seconds left"
    now[0] = 90.0
    clock.end_attack()
    assert clock.told() == "2 of 2 attacks done"
    assert "**about 90 seconds**, by the last time here" in expected("witness", "quick")


def test_what_nobody_has_measured_is_not_told(now):
    clock = AttackClock(WITNESS, "full")
    assert clock.told() == "0 of 2 attacks done"
