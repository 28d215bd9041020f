"""What strangers can do to the page, and what is left of it when it ends."""

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

import pytest
from gradio_client import Client

from modellock_core.paths import EXAMPLE_KEY, TOYBOX
from ui.process_folder import PREFIX

ROOT = Path(__file__).resolve().parents[2]
LOCK = {"prompt": "in sepia", "alpha": 0.5, "images": 400}


class Server:
    """A running page whose temporary files lie in a folder of the test's."""

    def __init__(self, folder: Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
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
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("page"))
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


def test_one_visitor_s_stop_does_not_touch_another_s_lock_and_the_end_is_quick_and_clean(server):
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
