import pytest
import torch

from modellock_core.work import Progress, Work, part_of, work


def counting(to: int):
    for i in range(to):
        yield Progress("Counting", i + 1, to)
    return to


@work
def counted(to: int):
    return (yield from counting(to))


def test_work_yields_its_progress_and_then_has_its_result():
    steps = counted(3)
    assert [p.fraction for p in steps] == [pytest.approx((i + 1) / 3) for i in range(3)]
    assert steps.result() == 3 == steps.result()


def test_who_wants_no_progress_asks_for_the_result_at_once():
    assert counted(5).result() == 5


def test_closed_work_has_no_result_and_runs_no_further():
    ran = []

    def steps():
        try:
            for i in range(9):
                ran.append(i)
                yield Progress("Running", i, 9)
        finally:
            ran.append("freed")

    started = Work(steps())
    next(started)
    started.close()
    assert ran == [0, "freed"] and list(started) == []
    with pytest.raises(RuntimeError, match="stopped before its end"):
        started.result()


def test_failed_work_has_no_result():
    def steps():
        yield Progress("Failing")
        raise ValueError("broken")

    started = Work(steps())
    with pytest.raises(ValueError, match="broken"):
        started.result()
    with pytest.raises(RuntimeError, match="stopped before its end"):
        started.result()


def test_a_result_stays_after_closing():
    done = counted(2)
    done.result()
    done.close()
    assert done.result() == 2


def test_a_stage_that_counts_nothing_says_so():
    assert Progress("Waiting").fraction is None and Progress("Done", 3, 2).fraction == 1.0


def test_parts_of_a_stage_count_on_honestly():
    def steps():
        total = 0
        for i in range(2):
            total += yield from part_of(counting(4), "Both", i, 2)
        return total

    both = Work(steps())
    fractions = [p.fraction for p in both]
    assert fractions == sorted(fractions) and fractions[0] == pytest.approx(1 / 8) and fractions[-1] == 1.0
    assert both.result() == 8


def test_progress_keeps_a_preview():
    def steps():
        yield Progress("Editing", 1, 1, preview=torch.zeros(1, 3, 2, 2))

    (progress,) = Work(part_of(steps(), "All", 0, 3))
    assert progress.preview is not None and progress.stage == "All"
