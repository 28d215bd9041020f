"""Whose turn it is, as those who wait are told it."""

from types import SimpleNamespace

import pytest

from ui import sessions, turns


@pytest.fixture(autouse=True)
def nobody_yet(monkeypatch):
    monkeypatch.setattr(turns, "_turns", [])
    monkeypatch.setattr(turns, "_took", {})
    monkeypatch.setattr(turns, "session_folder", lambda request: SimpleNamespace(name=request.visitor))
    monkeypatch.setattr(turns, "is_open", lambda page: page != "closed")


def page(name: str, visitor: str | None = None):
    return SimpleNamespace(session_hash=name, visitor=visitor or name)


@turns.in_turn
def run_lock(request):
    yield "begun"


def test_who_waits_is_told_whose_work_comes_first_and_how_far_it_is():
    mine, other = page("mine"), page("other")
    running = run_lock(mine)
    next(running)
    turns.ask_for_turn("new_riddle", mine)
    turns.ask_for_turn("run_attack", other)
    assert "Your own lock (step 2) comes first: it has run for" in turns.waiting_line("new_riddle", mine)
    turns.tell_left("about 3 minutes left")
    line = turns.waiting_line("run_attack", other)
    assert "number 2 in the queue" in line and "Somebody else&#x27;s lock (step 2) comes first: about 3 minutes" in line
    assert turns.waiting_line("run_lock", mine) is None  # it runs
    assert list(running) == []
    assert "You are next" in turns.waiting_line("run_attack", other)
    turns.give_up_turn("new_riddle", mine)
    assert "Starting" in turns.waiting_line("run_attack", other)
    assert not turns.has_turn("new_riddle", mine) and turns.has_turn("run_attack", other)


def test_what_the_last_one_took_tells_what_is_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: now[0])
    first = run_lock(page("first"))
    next(first)
    now[0] = 60.0
    assert list(first) == []
    next(second := run_lock(page("second")))
    turns.ask_for_turn("run_attack", page("other"))
    now[0] = 80.0
    assert "about 40 seconds left" in turns.waiting_line("run_attack", page("other"))
    second.close()
    assert not turns.has_turn("run_lock", page("second"))


def test_a_page_that_was_closed_while_it_waited_keeps_nobody_waiting():
    turns.ask_for_turn("run_attack", page("closed"))
    turns.ask_for_turn("new_riddle", page("mine"))
    assert "Starting" in turns.waiting_line("new_riddle", page("mine"))


def test_a_page_is_open_while_its_browser_holds_it():
    with sessions.held_open("somebody"):
        assert sessions.is_open("somebody")
    assert not sessions.is_open("somebody")
