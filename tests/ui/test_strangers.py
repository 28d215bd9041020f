"""What strangers can do to the page, and what is left of it when it ends."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio_client import Client

from modellock_core.paths import EXAMPLE_KEY, TOYBOX
from ui.process_folder import PREFIX
from ui.unlock import EXAMPLE

pytestmark = pytest.mark.slow  # six pages are started
ROOT = Path(__file__).resolve().parents[2]
LOCK = {"prompt": "in sepia", "alpha": 0.5, "images": 400}
ASKED = "asked.txt"
WATCHING = """
import os, sys

def watch(event, arguments):  # whom this process asks on the network
    if event in ("socket.connect", "socket.getaddrinfo"):
        where = arguments[1] if event == "socket.connect" else arguments
        host = where[0] if isinstance(where, tuple) else where
        host = host.decode() if isinstance(host, bytes) else host
        if host not in (None, "", "127.0.0.1", "::1", "localhost", "0.0.0.0") and not str(host).startswith("/"):
            with open(os.path.join(os.path.dirname(__file__), "asked.txt"), "a") as file:
                print(event, host, file=file)

sys.addaudithook(watch)
"""


class Server:
    """A running page whose temporary files lie in a folder of the test's."""

    def __init__(self, folder: Path, watching: Path | None = None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
        environment["MODELLOCK_RIDDLES_AHEAD"] = "0"
        if watching:  # Python imports it when it starts
            (watching / "sitecustomize.py").write_text(WATCHING)
            environment["PYTHONPATH"] = os.pathsep.join([str(watching), environment.get("PYTHONPATH", "")])
        self.folder, self.url, self.log = folder, f"http://127.0.0.1:{port}", folder / "log.txt"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, stdout=log, stderr=log,
                env=environment | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        for _ in range(480):
            assert self.process.poll() is None, self.log.read_text()
            try:
                self.get("/")
                return
            except OSError:
                time.sleep(0.25)
        raise AssertionError("the page did not start")

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read()

    def post(self, path: str, body: bytes, kind: str = "application/json") -> tuple[int, str]:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def upload(self, name: str, content: bytes) -> tuple[int, str]:
        head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        return self.post("/gradio_api/upload", head + content + b"\r\n--x--\r\n", "multipart/form-data; boundary=x")

    def client(self) -> Client:
        return Client(self.url, verbose=False)

    def folders(self) -> list[Path]:
        return list(self.folder.glob(f"{PREFIX}*"))

    def end(self, number: int = signal.SIGTERM) -> float:
        """End it; the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - begun


@pytest.fixture(scope="module")
def watching(tmp_path_factory) -> Path:
    """Where the server notes whom it has asked."""
    return tmp_path_factory.mktemp("watching")


@pytest.fixture(scope="module")
def server(tmp_path_factory, watching):
    server = Server(tmp_path_factory.mktemp("page"), watching)
    yield server
    if server.process.poll() is None:
        server.end()


def test_the_same_file_uploaded_twice_lies_in_two_places(server):
    content = EXAMPLE_KEY.read_bytes()
    (_, first), (_, second) = server.upload("mine.json", content), server.upload("guess.json", content)
    mine, guess = Path(json.loads(first)[0]), Path(json.loads(second)[0])
    assert mine.parent != guess.parent
    asked = server.url + f"/gradio_api/file={guess.parent}/{mine.name}"
    with pytest.raises(urllib.error.HTTPError, match="403"):  # nobody can ask who has a key
        urllib.request.urlopen(asked)


@pytest.mark.parametrize("path", ["", "/in-use", "/temporary/sessions", "/keys", "/temporary", "/cache"])
def test_the_page_s_own_folders_are_not_served(server, path):
    (folder,) = server.folders()
    with pytest.raises(urllib.error.HTTPError, match=r"40[34]"):
        server.get(f"/gradio_api/file={folder}{path}")


def test_no_call_goes_round_the_queue_and_none_is_huge(server):
    assert server.post("/gradio_api/run/draw_hand", b'{"data": []}')[0] == 404
    code, text = server.post("/gradio_api/call/draw_hand", b'{"data": ["' + b"x" * 3 * 2**20 + b'"]}')
    assert code == 413 and "too large" in text


def test_browsers_keep_no_runs(server):
    config = json.loads(server.get("/config"))
    assert config["run_history"] is False
    (folder,) = server.folders()
    assert not re.search(r"key\.json|sessions", json.dumps(config)) and str(folder / "keys") not in json.dumps(config)


@pytest.mark.parametrize(
    "name",
    ["../../escaped.json", "..%2f..%2fescaped.json", "/etc/escaped", "a" * 600, "\\..\\escaped", "a\x00b", ".", "💥"],
)
def test_an_upload_lies_in_its_own_folder_whatever_its_name(server, name):
    code, text = server.upload(name, b"x")
    (folder,) = server.folders()
    if code == 200:
        (path,) = map(Path, json.loads(text))
        assert path.resolve().parent.parent == folder / "cache"
    assert not list(server.folder.parent.rglob("escaped*")) or code == 200
    assert "Traceback" not in text


def test_what_lies_on_the_server_is_no_input(server):
    (folder,) = server.folders()
    upload = Path(json.loads(server.upload("mine.png", b"x")[1])[0])
    client = server.client()
    for path in (
        EXAMPLE_KEY,
        TOYBOX,
        folder / "in-use",
        "/etc/passwd",
        "/dev/zero",
        upload.parent,
        f"{upload}/../../../in-use",
    ):
        picture = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
        with pytest.raises(Exception) as error:
            client.predict(picture, "in sepia", alpha=0.5, api_name="/preview")
        assert "root:" not in str(error.value)
    for path in (
        f"{folder}/keys/../in-use",
        f"{folder}//in-use",
        f"{folder}/cache/../in-use",
        "/proc/self/environ",
        "app.py",
    ):
        with pytest.raises(urllib.error.HTTPError, match=r"40[034]"):
            server.get(f"/gradio_api/file={path}")


def test_strangers_calls_with_made_up_sessions_and_events_do_no_harm(server):
    calls = {
        "/gradio_api/cancel": {"session_hash": "of another", "fn_index": 1, "event_id": "none"},
        "/gradio_api/reset": {"event_id": "none"},
        "/gradio_api/component_server": {"session_hash": "x", "component_id": 1, "fn_name": "__init__", "data": []},
        "/gradio_api/queue/join": {"session_hash": "x", "fn_index": 10**6, "data": []},
        "/gradio_api/queue/join/": {"session_hash": None, "fn_index": 0, "data": [[[[]]]]},
        "/gradio_api/call/make_session": {"data": []},
        "/gradio_api/stream/none": {"data": [], "session_hash": "x"},
    }
    for path, body in calls.items():
        code, text = server.post(path, json.dumps(body).encode())
        assert "/modellock-page" not in text, (path, code, text)
    assert server.get("/config")


def test_a_preview_is_answered_and_bad_values_are_one_line(server):
    begun = len(server.log.read_text())
    client = server.client()
    with zipfile.ZipFile(TOYBOX) as archive:
        image = archive.read("images/test/bird/0003.webp")
    picture = {"path": json.loads(server.upload("a.webp", image)[1])[0], "meta": {"_type": "gradio.FileData"}}
    assert client.predict(picture, "in sepia", alpha=0.5, api_name="/preview")
    for prompt, message in (("x" * 301, "at most 300"), (" ", "prompt is empty")):
        with pytest.raises(Exception, match=message):
            client.predict(picture, prompt, alpha=0.5, api_name="/preview")
    text = server.log.read_text()[begun:]
    assert "Traceback" not in text and "sepia" not in text and "xxx" not in text


def join(server: Server, name: str, session: object, data: list) -> int:
    """Call one of the page's own events, as a browser does; the answer's status."""
    events = json.loads(server.get("/config"))["dependencies"]
    (number,) = [event["id"] for event in events if event["api_name"] == name]
    body = {"session_hash": session, "fn_index": number, "data": data}
    return server.post("/gradio_api/queue/join", json.dumps(body).encode())[0]


def output(server: Server, session: str) -> dict:
    """How the last event of a session has ended."""
    with urllib.request.urlopen(f"{server.url}/gradio_api/queue/data?session_hash={session}", timeout=60) as events:
        for line in events:
            if b"process_completed" in line:
                return json.loads(line.removeprefix(b"data: "))["output"]
    raise AssertionError("no result")


def result(server: Server, session: str) -> list:
    """What the last event of a session has returned."""
    return output(server, session)["data"]


@pytest.fixture(scope="module")
def victim(server):
    """The folders of a visitor who has a model, a riddle and a key, whose names nobody can know."""
    join(server, "claim_session", "victim", [""])
    token = result(server, "victim")[0]
    (folder,) = server.folders()
    (home,) = (folder / "temporary" / "sessions").iterdir()
    key = folder / "keys" / home.name / "random" / "locked-model.key.json"
    for file in (home / "locked-model.zip", home / "riddle" / "riddle.json", key):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("the secret")
    return SimpleNamespace(token=token, home=home, key=key)


@pytest.mark.parametrize(
    "path",
    [
        "file={home}/locked-model.zip",  # even by those who know the name
        "file={home}/riddle/riddle.json",
        "file={home}",
        "file={key.parent}",
        "file={key.parent.parent}",
        "file={key.parent}/../random/../../../in-use",
        "file/{home}/riddle/riddle.json",
        "stream/victim/0/1/playlist-file",
        "deep_link?session_hash=victim",
        "run-history/records",
        "proxy={home}",
    ],
)
def test_no_address_leads_to_another_s_files(server, victim, path):
    with pytest.raises(urllib.error.HTTPError, match=r"40[034]"):
        server.get("/gradio_api/" + path.format(home=victim.home, key=victim.key))


@pytest.mark.parametrize(
    ("thief", "budget", "message"),
    [("file", None, "choose a thief and an effort"), (None, "quick", "choose a thief and an effort"),
     ("file", "endless", "not in the list of choices"), ("nobody", "quick", "not in the list of choices")],
)  # fmt: skip
def test_an_attack_without_a_thief_or_a_budget_is_told_in_a_sentence(server, thief, budget, message):
    begun = len(server.log.read_text())
    assert join(server, "run_attack", "attacker", [EXAMPLE, thief, budget, False]) == 200
    assert message in output(server, "attacker")["error"]
    assert "Traceback" not in server.log.read_text()[begun:]


@pytest.mark.parametrize("path", ["/monitoring", "/monitoring/summary", "/gradio_api/dev/reload", "/gradio_api/runs"])
def test_what_is_meant_for_the_host_is_closed(server, path):
    with pytest.raises(urllib.error.HTTPError, match=r"40[34]"):
        server.get(path)


def test_nobody_gets_another_s_session_by_a_token_of_his_own(server, victim):
    for i, token in enumerate(
        ("victim", victim.home.name, "", victim.token[:-1], victim.token.upper() + " ", "0" * 32)
    ):
        assert join(server, "claim_session", f"thief{i}", [token]) == 200
        assert result(server, f"thief{i}")[0] not in (victim.token, token)
    assert {file.name for file in victim.home.iterdir()} == {"locked-model.zip", "riddle"}


def test_another_s_file_is_no_input_however_it_is_named(server, victim):
    client = server.client()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        for name in ("card.json", "model.safetensors"):  # links to what lies on the server
            link = zipfile.ZipInfo(name)
            link.external_attr = 0o120777 << 16
            content.writestr(link, str(victim.home / "riddle" / "riddle.json"))
    linked = json.loads(server.upload("links.zip", archive.getvalue())[1])[0]
    with zipfile.ZipFile(TOYBOX) as samples:
        image = json.loads(server.upload("a.webp", samples.read("images/test/bird/0003.webp"))[1])[0]
    file = {"meta": {"_type": "gradio.FileData"}}
    for model in (
        {"path": linked},
        {"path": str(victim.home / "locked-model.zip")},
        {"path": f"{image}/../../../temporary/sessions/{victim.home.name}/locked-model.zip"},
        {"path": "x", "url": f"{server.url}/gradio_api/file={victim.home}/locked-model.zip"},
        {"path": f"{server.url}/gradio_api/file={victim.key}"},
    ):
        with pytest.raises(Exception) as error:
            client.predict({"path": image} | file, model | file, api_name="/predict")
        assert "the secret" not in str(error.value) and str(victim.home) not in str(error.value)


def test_one_visitor_s_stop_does_not_touch_another_s_lock_and_the_end_is_quick_and_clean(server, watching):
    first, second = server.client(), server.client()
    other = second.submit(**LOCK, api_name="/lock")
    mine = first.submit(**LOCK, api_name="/lock")
    for _ in range(240):
        if other.outputs() or mine.outputs():
            break
        time.sleep(0.25)
    mine.cancel()
    first.close()
    count = len(other.outputs())
    for _ in range(240):
        if len(other.outputs()) > count:
            break
        time.sleep(0.25)
    assert len(other.outputs()) > count
    assert server.end() < 5 and server.process.returncode == 0
    assert not server.folders() and [f.name for f in server.folder.iterdir()] == ["log.txt"]
    assert "sepia" not in server.log.read_text()
    # whatever was asked of it, it has asked nobody on the network but, for addresses given as inputs, for their numbers
    asked = (watching / ASKED).read_text().split() if (watching / ASKED).exists() else []
    assert set(asked) <= {"socket.getaddrinfo", "dns.google"}


@pytest.mark.parametrize("work", ["attack", "new_riddle"])
def test_the_end_is_quick_and_clean_whatever_runs(tmp_path, work):
    server = Server(tmp_path)
    if work == "attack":
        client = server.client()
        job = client.submit(api_name="/attack")
        while not job.outputs():
            assert not job.done()
            time.sleep(0.1)
    else:
        join(server, work, "somebody", [None])
        with urllib.request.urlopen(server.url + "/gradio_api/queue/data?session_hash=somebody", timeout=60) as events:
            while b"process_generating" not in (line := events.readline()):
                assert line
    assert server.end() < 5 and server.process.returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["log.txt"]


def test_what_a_killed_page_leaves_the_next_start_removes(tmp_path):
    one = Server(tmp_path)
    (left,) = one.folders()
    other = Server(tmp_path)
    one.upload("mine.json", b"{}")
    (living,) = set(one.folders()) - {left}
    one.end(signal.SIGKILL)
    assert left.exists()
    third = Server(tmp_path)
    assert not left.exists() and living.exists()
    for server in (other, third):
        assert server.end() < 5
    assert not one.folders()
