"""The time that a lock is said to take: before its start and while it runs, on machines of different speeds."""

import re
from itertools import pairwise

import pytest

from modellock_core import Progress
from ui import lock, lock_times
from ui.lock_times import MEASURED, STANDARD, Kind, LockClock, Part, Plan, expected
from ui.progress import Stages

IMAGES = MEASURED.images
OTHER = STANDARD._replace(recipe="thorough")


@pytest.fixture
def clock(monkeypatch):
    """The time, which the tests set."""
    now = [0.0]
    monkeypatch.setattr(lock_times.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(lock_times, "_last", {})
    monkeypatch.setattr(lock_times, "slowness", lambda: None)
    return now


def moments(slowness: float):
    """A lock like the measured one: each moment of its stages, and the time at which it comes."""
    parts, now = MEASURED.parts, 0.0
    finetune = "Finetuning the locked model"
    before = [name for name in parts if not name.startswith(("Finetuning", "Looking"))]
    searches = [name for name in parts if name.startswith("Looking")]
    steps = [(name, i / 10, parts[name].seconds / 10 / parts[name].visits) for name in before
             for _ in range(parts[name].visits) for i in range(1, 11)]  # fmt: skip
    for epoch in range(3):
        steps += [(finetune, (epoch + i / 10) / 3, parts[finetune].seconds / 30) for i in range(1, 11)]
        if epoch < 2:
            steps += [(name, i / 10, parts[name].seconds / 20) for name in searches for i in range(1, 11)]
    for name, fraction, seconds in steps:
        now += seconds * slowness
        yield now, Progress(name, fraction, 1)


@pytest.mark.parametrize("slowness", [0.15, 0.3, 1.2])
def test_the_time_left_is_near_the_truth_once_a_tenth_is_done_and_hardly_rises(clock, slowness):
    watch, run = LockClock(MEASURED), list(moments(slowness))
    end, told = run[-1][0], []
    for clock[0], progress in run:
        watch.see(progress)
        said = watch.left()
        found = re.search(r"about (\d+) (second|minute)", said)
        seconds = 0 if found is None else int(found[1]) * (60 if found[2] == "minute" else 1)
        if clock[0] > 0.1 * end:
            told.append(seconds)
            rounding = 30 if "minute" in said else 8
            assert abs(seconds - (end - clock[0])) <= 0.2 * (end - clock[0]) + rounding, (clock[0], said)
    assert all(later <= earlier + 5 for earlier, later in pairwise(told))


def test_the_next_lock_of_its_kind_is_expected_to_take_what_the_last_took(clock):
    assert "some minutes" in expected(OTHER, IMAGES) and "about 4 minutes" in expected(STANDARD, IMAGES)
    watch = LockClock(None)
    for clock[0], progress in moments(slowness=0.88):
        watch.see(progress)
        assert watch.left() == ""  # of a first lock of its kind nobody knows
    watch.note(OTHER, IMAGES)
    assert "about 3 minutes" in expected(OTHER, IMAGES) and "here" in expected(OTHER, IMAGES)
    assert "about 2 minutes" in expected(OTHER, IMAGES // 2)
    known = lock_times.plan_of(OTHER, IMAGES)
    assert known.parts.keys() == MEASURED.parts.keys()
    assert known.parts["Looking for patterns that open the model"].visits == 2


def test_a_machine_that_was_tried_scales_what_was_measured_elsewhere(clock, monkeypatch):
    assert "about 4 minutes** on two idle processor cores" in expected(STANDARD, IMAGES)
    monkeypatch.setattr(lock_times, "slowness", lambda: 0.3)
    assert "about 75 seconds** here, and longer while" in expected(STANDARD, IMAGES)


def test_more_images_take_longer_and_of_a_visitors_nobody_knows(clock):
    settings = {"task": "classification", "recipe": "standard", "backbone": "", "editor": "compact"}
    few, all_of_them, own = (
        lock.time_expected(source, amount=amount, **settings)
        for source, amount in ((lock.TOYBOX, lock.QUICK_LOOK), (lock.TOYBOX, lock.WHOLE), (lock.OWN, lock.WHOLE))
    )
    assert "about 2 minutes" in few and "about 4 minutes" in all_of_them and "some minutes" in own


def test_bar_and_time_are_of_the_whole_once_that_is_known(clock):
    stages = Stages(LockClock(Plan(10, 100, {"Editing": Part(50), "Training": Part(50)})))
    stages.render(Progress("Starting"))
    clock[0] = 20.0  # loading, which says nothing of how fast the work is
    assert "left" not in stages.render(Progress("Editing", 1, 4))
    clock[0] = 45.0
    shown = stages.render(Progress("Editing", 3, 4))
    assert "About 60 seconds left, 45 s so far" in shown and "Editing. In all: 38%<" in shown
    clock[0] = 55.0  # in the midst of a step
    assert "About 50 seconds left" in stages.render(Progress("Editing", 3, 4))


def test_locks_are_alike_by_all_that_makes_them_slow():
    assert Kind._fields == ("task", "recipe", "backbone", "editor")
