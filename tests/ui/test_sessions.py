"""Visitors' folders: nobody's is another's, and none stays."""

import json
import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from modellock_core import Key, ModelLockError
from modellock_core.work import Progress, Work
from ui import background, key_files, process_folder, sessions
from ui.private_cache import LIFE, remove_old_uploads


def visitor(session_hash):
    return SimpleNamespace(session_hash=session_hash)


HASHES = ["abc", "a-bc", "ABC", "abc ", "../abc", "abc/..", "a\x00bc", "äbc", "\udcff", "."]


def test_every_spelling_is_a_session_of_its_own_inside_the_page_s_folder():
    folders = [sessions.session_folder(visitor(name)) for name in HASHES]
    assert len(set(folders)) == len(HASHES)
    assert {f.parent for f in folders} == {process_folder.process_folder() / "temporary" / "sessions"}
    assert sessions.session_folder(visitor("abc")) == folders[0]
    for name in HASHES:
        sessions.leave_session(visitor(name))
    assert not any(f.exists() for f in folders)


@pytest.mark.parametrize("session_hash", [None, "", "x" * 201])
def test_a_call_without_a_session_gets_no_folder(session_hash):
    with pytest.raises(ModelLockError, match="no session"):
        sessions.session_folder(visitor(session_hash))


def test_a_session_ends_after_an_hour_unless_its_page_is_open():
    kept, left = (sessions.session_folder(visitor(name)) for name in ("open page", "raw call"))
    key_files.keep_key(Key("in sepia"), visitor("raw call"))
    for folder in (kept, left):
        os.utime(folder, (0, time.time() - sessions.LIFE - 1))
    with sessions.held_open("open page"):
        sessions.remove_idle_sessions()
        assert kept.exists() and not left.exists() and key_files.key_file(visitor("raw call")) is None
    sessions.remove_idle_sessions()
    assert not kept.exists()


def test_callers_who_never_leave_fill_no_memory():
    for name in ("", "x" * 201):
        with pytest.raises(ModelLockError, match="no session"):
            sessions.claim_session("", visitor(name))
    known = set(sessions._tokens)
    for _ in range(3):
        kept = sessions.claim_session("no token of ours", visitor("script"))
    with sessions.held_open("browser"):
        other = sessions.claim_session("", visitor("browser"))
        for folder in (sessions.session_folder(visitor(name)) for name in ("script", "browser")):
            os.utime(folder, (0, time.time() - sessions.LIFE - 1))
        for token in set(sessions._tokens) - known - {kept, other}:
            sessions._tokens[token] -= sessions.KEPT + 1
        sessions.remove_idle_sessions()
        assert set(sessions._tokens) - known == {other} and "script" not in sessions._claims
    sessions.leave_session(visitor("browser"))


def test_a_key_lies_under_a_name_that_nobody_can_guess_and_goes_with_its_visitor():
    one, other = visitor("one"), visitor("other")
    key = Key("in sepia")
    first, second = key_files.keep_key(key, one), key_files.keep_key(key, other)
    assert first.name == second.name and first.parent.name != second.parent.name  # nothing comes of the content
    assert len(first.parent.name) >= 32 and key_files.key_file(one) == first
    newer = key_files.keep_key(Key("in winter"), one)
    key_files.forget_other_keys(newer)
    assert not first.exists() and key_files.key_file(one) == newer and second.exists()
    sessions.leave_session(one)
    assert not newer.exists() and second.exists()
    sessions.leave_session(other)


def test_uploaded_keys_and_broken_uploads_are_removed_soon(tmp_path):
    names = ["aa/my.key.json", "aa/data.zip", "aa/attack-report.json", "tmp123"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, time.time() - LIFE - 1))
    (tmp_path / "tmp456").touch()
    remove_old_uploads(tmp_path)
    assert {f.name for f in tmp_path.rglob("*") if f.is_file()} == {"data.zip", "attack-report.json", "tmp456"}


def test_a_process_s_folder_goes_with_it_and_a_killed_one_s_at_the_next_start(tmp_path):
    program = (
        "import os, sys; from ui.process_folder import keep_all_in_it, process_folder; keep_all_in_it(); "
        "import tempfile; tempfile.mkstemp(); print(process_folder()); sys.argv[1:] and os.kill(os.getpid(), 9)"
    )

    def run(*arguments):
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", program, *arguments], env=environment, capture_output=True)
        return done.returncode

    assert run("killed") == -9 and len(list(tmp_path.iterdir())) == 1
    assert run() == 0 and not list(tmp_path.iterdir())


def steps(closed):
    try:
        for i in range(10**6):
            time.sleep(0.01)
            yield Progress("Counting", i, 10**6)
    finally:
        closed.append(True)


def test_who_stops_looking_stops_the_work():
    closed = []
    moments = background.in_background(Work(steps(closed)))
    assert [next(moments).step for _ in range(3)] == [0, 1, 2]
    moments.close()
    for _ in range(100):
        if closed:
            break
        time.sleep(0.02)
    assert closed


def test_an_error_in_the_background_reaches_whoever_looks():
    def failing():
        yield Progress("Counting")
        raise ModelLockError("too small")

    moments = background.in_background(Work(failing()))
    assert next(moments).stage == "Counting"
    with pytest.raises(ModelLockError, match="too small"):
        next(moments)


def test_the_result_is_there_when_the_progress_ends():
    def short():
        yield Progress("Counting")
        return 7

    work = Work(short())
    assert len(list(background.in_background(work))) == 1 and work.result() == 7


def test_a_long_step_can_be_stopped_too():
    def slow():
        yield Progress("Reading", 1, 2, {"locked_performance": 0.5})
        time.sleep(1.5)
        yield Progress("Reading", 2, 2)

    moments = list(background.in_background(Work(slow())))
    assert next(moment.step for moment in moments if not moment.metrics) == 1 and len(moments) >= 3
    assert sum(bool(moment.metrics) for moment in moments) == 1


SERVED = """
from ui import first
import json, sys, urllib.request
import gradio as gr
from gradio_client import Client
from modellock_core import Key
from ui import key_files, sessions
from ui.server import CACHE, PROTECTED

def make(request: gr.Request):
    model = sessions.session_folder(request) / "locked-model.zip"
    model.write_bytes(b"the model")
    return str(key_files.keep_key(Key("in sepia"), request)), str(model)

with gr.Blocks() as page:
    files = gr.DownloadButton(), gr.DownloadButton()
    gr.Button().click(make, None, files, api_name="make")
    page.unload(sessions.leave_session)
_, url, _ = page.launch(prevent_thread_lock=True, quiet=True, server_port=int(sys.argv[1]), **PROTECTED)
client = Client(url, verbose=False, download_files=str(CACHE.with_name("downloads")))
key, model = client.predict(api_name="/make")
(lies,) = sessions._root("keys").rglob("*.key.json")
asked = f"{url}gradio_api/file={lies}"
served = urllib.request.urlopen(asked).read().decode()
same = open(key).read() == served == lies.read_text()
print(json.dumps([same, open(model).read(), len(list(CACHE.rglob("*.json")))]))
page.close(verbose=False)
"""


def test_keys_and_models_can_be_downloaded_and_the_cache_has_no_key():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = subprocess.run([sys.executable, "-c", SERVED, str(port)], capture_output=True, text=True, timeout=300)
    assert json.loads((done.stdout.splitlines() or [done.stderr])[-1]) == [True, "the model", 0]
