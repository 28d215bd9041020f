"""Riddles made ahead: each is given once, and making them gives way to everybody."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from modellock_core import Progress, Work
from ui import background, riddle_stock
from ui.cores import shared_cores

ROOT = Path(__file__).resolve().parents[2]
ENDING = """
import time
from ui.process_folder import process_folder
from ui import riddle_stock
from ui.stopping import end_on_signals
from modellock_core import Progress, Work

def steps():
    (process_folder() / "riddles").mkdir()
    print(process_folder(), flush=True)
    while True:
        time.sleep(0.01)
        yield Progress("Locking")

riddle_stock.make_riddle, riddle_stock.warm_up = lambda: Work(steps()), lambda: None
end_on_signals(lambda: None)
riddle_stock.keep_some_ready()
time.sleep(60)
"""


@pytest.fixture
def made(monkeypatch):
    """The riddles that were made, three steps each."""
    done = []

    def steps():
        for i in range(3):
            yield Progress("Locking", i, 3)
        done.append(Path(f"riddle {len(done)}"))
        return done[-1]

    monkeypatch.setattr(riddle_stock, "make_riddle", lambda: Work(steps()))
    monkeypatch.setattr(riddle_stock, "warm_up", lambda: None)
    monkeypatch.setattr(riddle_stock, "AHEAD", 2)
    monkeypatch.setattr(riddle_stock, "AGAIN", 0.01)
    monkeypatch.setattr(riddle_stock, "LATELY", 0.2)
    yield done
    soon(lambda: not riddle_stock._making)
    riddle_stock._ready.clear()


def soon(what) -> None:
    """Wait until something holds."""
    for _ in range(1000):
        if what():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come")


def test_two_are_made_however_often_it_is_asked(made):
    assert not made and not riddle_stock.is_ready()
    for _ in range(5):
        riddle_stock.keep_some_ready()
    soon(lambda: len(made) == 2 and not riddle_stock._making)
    assert riddle_stock.is_ready() and threading.active_count() < 50


def test_none_is_made_while_a_preview_is_drawn(made):
    with shared_cores():
        riddle_stock.keep_some_ready()
        time.sleep(0.1)
        assert not made
    time.sleep(0.1)
    assert not made  # nor right after it
    soon(lambda: len(made) == 2)


def test_each_is_given_once_and_another_is_made(made):
    assert riddle_stock.take_ready() is None  # and the first is being made
    soon(lambda: len(made) == 2 and not riddle_stock._making)
    first, second = riddle_stock.take_ready(), riddle_stock.take_ready()
    assert {first, second} == {Path("riddle 0"), Path("riddle 1")}
    soon(lambda: len(made) == 4)


def test_it_waits_while_a_visitor_s_work_runs(made):
    going = threading.Event()

    def steps():
        while not going.is_set():
            time.sleep(0.01)
            yield Progress("Locking")

    visitor = background.in_background(Work(steps()))
    next(visitor)
    riddle_stock.keep_some_ready()
    time.sleep(0.3)
    assert not made and background.somebody_works()
    going.set()
    list(visitor)
    soon(lambda: len(made) == 2)


def test_a_failure_is_told_without_its_text_and_the_next_visitor_starts_anew(made, monkeypatch, capsys):
    def fails():
        raise ValueError("in the style of Monet")

    with monkeypatch.context() as patched:
        patched.setattr(riddle_stock, "make_riddle", fails)
        riddle_stock.keep_some_ready()
        soon(lambda: not riddle_stock._making)
    assert capsys.readouterr().err == "a riddle made ahead: ValueError\n"
    assert riddle_stock.take_ready() is None
    soon(lambda: len(made) == 2)


def test_none_is_made_where_that_is_switched_off(made, monkeypatch):
    monkeypatch.setattr(riddle_stock, "AHEAD", 0)
    assert riddle_stock.take_ready() is None
    assert not riddle_stock._making and not made


def test_the_page_ends_at_once_while_one_is_made(tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    page = subprocess.Popen(
        [sys.executable, "-c", ENDING], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    folder = Path(page.stdout.readline().strip())
    assert folder.is_dir()
    page.send_signal(signal.SIGTERM)
    _, errors = page.communicate(timeout=20)
    assert page.returncode == 0 and not errors and not folder.exists()
