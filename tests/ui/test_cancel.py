"""Gradio's own route to stop work: whoever knows an event or a session can use it, and nobody else is told them."""

import json
import secrets
import time
import urllib.error
import urllib.request
import uuid

import pytest


def post(address: str, body: dict) -> dict:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def get(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


@pytest.fixture
def lock(url):
    """A visitor's lock that runs: its session, function and event, and what its visitor is told meanwhile."""
    events = json.loads(get(f"{url}config"))["dependencies"]
    (number,) = [event["id"] for event in events if event["api_name"] == "lock"]
    session = secrets.token_hex(16)
    data = ["in sepia", None, "classification", None, None, "compact", "standard", 400, 0]
    event = post(f"{url}gradio_api/queue/join", {"session_hash": session, "fn_index": number, "data": data})["event_id"]
    with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}", timeout=60) as told:
        told_of(told, "process_generating")
        yield {"session_hash": session, "fn_index": number, "event_id": event}, told


def told_of(stream, kind: str) -> dict:
    """The next message of a kind."""
    while line := stream.readline():
        if line.startswith(b"data: ") and (message := json.loads(line[6:]))["msg"] == kind:
            return message
    raise AssertionError(f"no {kind}")


def test_a_stranger_can_t_stop_another_s_work_with_what_he_can_know(url, lock):
    mine, told = lock
    stranger = {"session_hash": secrets.token_hex(16), "fn_index": mine["fn_index"], "event_id": str(uuid.uuid4())}
    guesses = [
        {"session_hash": ""}, {"event_id": ""}, {"session_hash": "", "event_id": ""}, {"event_id": "*"},
        {"session_hash": mine["session_hash"].upper()}, {"session_hash": mine["session_hash"][:-1]},
        {"event_id": mine["event_id"].upper()}, {"event_id": mine["event_id"][:-1]}, {"fn_index": -1},
        {"session_hash": f"{mine['session_hash']}_{mine['fn_index']}", "fn_index": 0},
    ]  # fmt: skip
    for guess in ({}, *guesses):
        post(f"{url}gradio_api/cancel", stranger | guess)
    for _ in range(3):
        told_of(told, "process_generating")
    secret = uuid.UUID(mine["event_id"])
    assert secret.version == 4  # 122 random bits; a browser's session has 52
    for path in ("config", "gradio_api/info", "gradio_api/queue/status", "", "gradio_api/startup-events"):
        said = get(url + path)
        assert mine["event_id"] not in said and mine["session_hash"] not in said

    begun = time.monotonic()
    post(f"{url}gradio_api/cancel", mine)
    told_of(told, "process_completed")
    assert time.monotonic() - begun < 10
