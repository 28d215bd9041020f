import time

from modellock_core import Progress, Work
from ui import progress
from ui.progress import ProgressBar, Stages, paced, stopped


def test_a_stage_that_counts_shows_its_percentage():
    assert "Editing: 25%" in ProgressBar().render(Progress("Editing", 1, 4))


def test_a_stage_that_counts_nothing_shows_none_and_is_escaped():
    shown = ProgressBar().render(Progress("Loading <b>"))
    assert "Loading &lt;b&gt;" in shown and "%" not in shown and "aria-valuenow" not in shown


def test_the_time_left_is_that_of_the_stage(monkeypatch):
    now = iter([0.0, 0.0, 100.0, 100.0, 110.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    bar = ProgressBar()
    bar.render(Progress("Editing", 1, 2))
    assert "left" not in bar.render(Progress("Finetuning", 0, 4))
    assert "30 s left" in bar.render(Progress("Finetuning", 1, 4))


def counting(closed: list[bool]):
    try:
        for i in range(50):
            yield Progress("Counting", i, 50, {"score": 0.5} if i in (20, 21) else {})
    finally:
        closed.append(True)
    return "done"


def test_the_page_is_refreshed_now_and_then_and_for_every_figure():
    work = Work(counting([]))
    assert [p.step for p in paced(work)] == [0, 20, 21]
    assert work.result() == "done"


def test_who_stops_watching_stops_the_work():
    closed: list[bool] = []
    work = Work(counting(closed))
    next(watched := paced(work))
    watched.close()
    for _ in range(100):  # it is stopped beside
        if closed:
            break
        time.sleep(0.02)
    assert closed


def test_a_stop_says_what_is_kept():
    assert "Nothing was saved" in stopped() and "Nothing" not in stopped("| a table |")


def test_stages_that_are_done_stay_with_their_seconds():
    stages = Stages()
    assert "✓" not in stages.render(Progress("Editing images", 1, 2))
    shown = stages.render(Progress("Training", 1, 4))
    assert "✓ Editing images, 0 s" in shown and "Training: 25%" in shown
    shown = stages.render(Progress("Editing images", 2, 2))  # a stage that comes again has one line
    assert shown.count("Editing images") == 1 and "✓ Training" in shown
