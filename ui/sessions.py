"""A visitor's folders for models and keys: they outlive a reload of the page, and go some time after the visit.

The browser's tab remembers a random token that leads to them; nothing secret is kept in the browser.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import gradio as gr

from modellock_core.errors import ModelLockError

from .process_folder import TEMPORARY, process_folder

KEPT = 30 * 60  # seconds that folders are kept after their page was closed or reloaded
LIFE = 3600  # seconds, of a session that no browser holds open; callers of the API say no goodbye
MAX_HASH = 200  # characters
SESSIONS, KEYS = "sessions", "keys"  # the latter are served to whoever knows their names
OF_TAB = "() => sessionStorage.getItem('modellock') || ''"  # the tab's token; a second tab has another one
REMEMBERED = "token => {sessionStorage.setItem('modellock', token)}"
_secret = secrets.token_bytes(32)
_open: Counter[str] = Counter()  # pages that browsers hold open, by session
_tokens: dict[str, float | None] = {}  # what tabs may remember -> when their page was left
_claims: dict[str, str] = {}  # session -> the token that stands for it
_lock = threading.Lock()


def session_folder(request: gr.Request, kind: str = SESSIONS) -> Path:
    """A visitor's folder, made at its first use.

    Its name tells nothing of the session and can't be guessed from it; two sessions never share one.

    Raises:
        ModelLockError: the call has no session.
    """
    session = _checked(request)
    folder = _root(kind) / _name(_claims.get(session, session))
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    return folder


def claim_session(token: str, request: gr.Request) -> str:
    """Give a page that was opened its folders: those it had before it was reloaded, or new ones.

    Args:
        token: what the tab remembers; one that nobody was given, or whose folders are gone, gives new ones.

    Returns:
        the token to remember.
    """
    session = _checked(request)
    with _lock:
        if token not in _tokens:
            token = secrets.token_hex(16)
        before = _claims.get(session)
        _tokens[token] = None
        _claims[session] = token
        if before is not None and before not in _claims.values():
            _tokens[before] = time.time()
    session_folder(request)
    return token


def leave_session(request: gr.Request) -> None:
    """Remove the visitor's folders, unless he is back within `KEPT` seconds."""
    with _lock:
        token = _claims.pop(str(request.session_hash), None)
        if token is None:
            _remove(_name(str(request.session_hash or "")))
        elif token not in _claims.values():  # a reloaded page may be there before the old one has left
            _tokens[token] = time.time()


@contextmanager
def held_open(session_hash: str) -> Iterator[None]:
    """Keep a session while its page is open."""
    _open[session_hash] += 1
    try:
        yield
    finally:
        _open[session_hash] -= 1
        if not _open[session_hash]:
            del _open[session_hash]


def is_open(session_hash: str) -> bool:
    """Whether a browser holds a session's page open."""
    return session_hash in _open


def remove_idle_sessions() -> None:
    """Delete what was left `KEPT` seconds ago, and what no page holds open and nothing has used for `LIFE` seconds."""
    with _lock:
        now = time.time()
        for token, left in list(_tokens.items()):
            if left is not None and left <= now - KEPT:
                del _tokens[token]
                _remove(_name(token))
        kept = {
            _name(_claims.get(session_hash, session_hash)) for session_hash in list(_open) if _is_hash(session_hash)
        }
        kept |= {_name(token) for token, left in _tokens.items() if left is not None}
        for used in _root(SESSIONS).glob("*"):
            with suppress(FileNotFoundError):
                if used.name not in kept and used.stat().st_mtime < now - LIFE:
                    _remove(used.name)
        for session, token in list(_claims.items()):  # of callers who are no browser, and never say goodbye
            if session not in _open and not (_root(SESSIONS) / _name(token)).exists():
                del _claims[session]
                if token not in _claims.values():
                    _tokens.pop(token, None)


def _remove(name: str) -> None:
    for kind in (SESSIONS, KEYS):
        shutil.rmtree(_root(kind) / name, ignore_errors=True)


def _checked(request: gr.Request) -> str:
    """The call's session."""
    session_hash = str(request.session_hash or "")
    if not _is_hash(session_hash):
        raise ModelLockError("this call has no session; call through the queue, as gradio_client does")
    return session_hash


def _name(session: str) -> str:
    """A folder's name, of a session or of a token; nobody can guess it from either."""
    return hmac.digest(_secret, session.encode(errors="surrogatepass"), "sha256").hex()


def _root(kind: str) -> Path:
    """Where the folders lie: Gradio takes results from a temporary folder alone, and keys are served from theirs."""
    return process_folder() / (KEYS if kind == KEYS else TEMPORARY / kind)


def _is_hash(session_hash: str) -> bool:
    return 0 < len(session_hash) <= MAX_HASH
