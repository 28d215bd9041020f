"""A visitor's folders outlive a reload, and nothing else."""

from types import SimpleNamespace

import pytest

from ui import sessions


def page_of(name):
    return SimpleNamespace(session_hash=name)


@pytest.fixture
def first():
    """A page with a file in its folder, and the token that its tab remembers."""
    request = page_of("first")
    token = sessions.claim_session("", request)
    (sessions.session_folder(request) / "model").write_text("locked")
    yield request, token
    sessions.leave_session(request)


def test_a_reloaded_page_finds_its_folder_whichever_page_is_told_first(first):
    request, token = first
    again = page_of("again")
    assert sessions.claim_session(token, again) == token
    sessions.leave_session(request)  # the old page's end is told after the new one's beginning
    assert (sessions.session_folder(again) / "model").exists()
    sessions.leave_session(again)
    third = page_of("third")
    assert sessions.claim_session(token, third) == token
    assert (sessions.session_folder(third) / "model").exists()
    sessions.leave_session(third)


def test_another_visitor_and_an_invented_token_get_folders_of_their_own(first):
    request, token = first
    for invented in ("", "..", "0" * 32, str(sessions.session_folder(request))):
        other = page_of("other")
        assert sessions.claim_session(invented, other) not in (token, invented)
        assert not (sessions.session_folder(other) / "model").exists()
        sessions.leave_session(other)


def test_a_folder_is_removed_some_time_after_its_page_was_left(first, monkeypatch):
    request, token = first
    folder = sessions.session_folder(request)
    sessions.leave_session(request)
    sessions.remove_idle_sessions()
    assert folder.exists()
    monkeypatch.setattr(sessions, "KEPT", 0)
    sessions.remove_idle_sessions()
    assert not folder.exists()
    assert sessions.claim_session(token, page_of("late")) != token


def test_a_caller_without_a_page_has_a_folder_until_he_leaves():
    caller = page_of("script")
    folder = sessions.session_folder(caller)
    sessions.leave_session(caller)
    assert not folder.exists()
