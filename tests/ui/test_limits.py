"""How much a visitor may send, without a server."""

import asyncio
import json
import time

import pytest

from ui import limits
from ui.limits import Limits
from ui.visitors import Allowance, address


def ask(app, path="/gradio_api/upload", parts=(b"",), headers=(), client="1.2.3.4", wait=0.0) -> tuple[int, str]:
    """Status and text of the answer to a request whose body comes in parts."""
    sent, left = [], list(parts)

    async def receive():
        await asyncio.sleep(wait)
        if not left:
            return {"type": "http.disconnect"}
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "client": (client, 1), "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:]).decode()


@pytest.fixture
def limited(tmp_path, monkeypatch):
    """The limits in small, around an app that reads all and says how much it was."""
    for name, value in {"MAX_CALL": 100, "MAX_FILE": 1000, "MB": 100, "TOTAL": 5000, "LONGEST": 0.3}.items():
        monkeypatch.setattr(limits, name, value)
    monkeypatch.setattr(limits, "DRAINED_SECONDS", 0.3)

    async def app(scope, receive, send):
        count, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RuntimeError("the client is gone")
            count, more = count + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(count).encode()})

    limited = Limits(app, tmp_path)
    limited.uploaded = Allowance(2000, 3600)
    return limited


def test_what_is_within_the_limits_passes(limited):
    assert ask(limited, "/gradio_api/queue/join", [b"x" * 50, b"y" * 50]) == (200, "100")
    assert ask(limited, parts=[b"x" * 500] * 2) == (200, "1000")


@pytest.mark.parametrize(
    ("request_of", "status", "message"),
    [
        ({"path": "/gradio_api/queue/join", "parts": [b"x" * 101]}, 413, "this call is too large"),
        ({"path": "/gradio_api/queue/join", "headers": [(b"content-length", b"9" * 400)]}, 413, "too large"),
        ({"path": "/gradio_api/queue/join", "headers": [(b"content-length", b"-1")]}, 413, "too large"),
        ({"parts": [b"x" * 600] * 3}, 413, "this upload is too large"),
        ({"headers": [(b"content-length", b"1200")]}, 413, "this upload is too large"),
        ({"parts": [b"x"] * 30, "wait": 0.05}, 413, "too slow"),
    ],
)
def test_what_is_too_much_is_refused_in_a_line(limited, request_of, status, message):
    code, text = ask(limited, **request_of)
    assert code == status and message in json.loads(text)["detail"]


def test_one_visitor_s_uploads_are_bounded_in_an_hour_and_another_s_are_not_touched(limited):
    assert [ask(limited, parts=[b"x" * 1000])[0] for _ in range(3)] == [200, 200, 429]
    assert ask(limited, parts=[b"x" * 1000], client="5.6.7.8")[0] == 200


def test_all_uploads_together_are_bounded(limited, tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 5000)
    code, text = ask(limited)
    assert code == 429 and "disk is full" in text


def test_a_visitor_uploads_so_many_files_at_once(limited):
    limited.running["1.2.3.4"] = limits.AT_ONCE
    assert ask(limited)[0] == 429 and ask(limited, client="5.6.7.8")[0] == 200
    assert "5.6.7.8" not in limited.running


def test_an_allowance_comes_back_and_forgets_old_addresses(monkeypatch):
    allowance = Allowance(2, 0.1)
    assert [allowance.use("a") for _ in range(3)] == [True, True, False] and allowance.use("b")
    time.sleep(0.15)
    assert allowance.use("a")
    monkeypatch.setattr("ui.visitors.MAX_KNOWN", 5)
    for i in range(20):
        allowance.use(str(i))
    assert len(allowance._used) == 5


def test_a_header_names_the_visitor_on_a_space_alone(monkeypatch):
    headers = {"x-forwarded-for": "9.9.9.9, 10.0.0.1"}
    assert address(("1.2.3.4", 1), headers) == "1.2.3.4" and address(None, {}) == "unknown"
    monkeypatch.setenv("SPACE_ID", "a/b")
    assert address(("1.2.3.4", 1), headers) == "9.9.9.9"


def test_uploads_at_the_same_time_all_count():
    allowance = Allowance(500, 60)
    for _ in range(3):
        allowance.note("visitor", 200)
    assert allowance.left("visitor") == -100 and not allowance.use("visitor") and allowance.use("another", 500)
