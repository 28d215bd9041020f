"""Locks of several visitors at once: each waits its turn, is told its place and gets a model. Locks take no time."""

import json
import threading
import time
from types import SimpleNamespace

import pytest
from gradio_client import Client
from gradio_client.utils import Status

import modellock_core
from modellock_core import Key, LockedModel, Progress, Work
from modellock_core.locking.report import LockReport
from modellock_core.paths import EXAMPLE_LOCK
from modellock_core.records import from_json

COUNT = 5


@pytest.fixture
def locks(monkeypatch):
    """What stands for a lock: `begun` has the seeds of those that were begun, and none ends before `go` is set."""
    kept = SimpleNamespace(begun=[], ended=[], go=threading.Event())
    example = LockedModel.load(EXAMPLE_LOCK)
    report = from_json(LockReport, json.loads((EXAMPLE_LOCK / "report.json").read_text()), "the report")

    def lock(dataset, key, *, recipe, seed):
        def steps():
            kept.begun.append(seed)
            assert len(kept.begun) == len(kept.ended) + 1, "two at the same time"
            while not kept.go.is_set():
                time.sleep(0.05)
                yield Progress("Locking")
            kept.ended.append(seed)
            return SimpleNamespace(model=example, key=key, report=report)

        return Work(steps())

    monkeypatch.setattr(modellock_core, "lock", lock, raising=False)
    monkeypatch.setattr(
        modellock_core, "load_dataset", lambda *args, **kwargs: SimpleNamespace(limited=lambda *counts: None),
        raising=False,
    )  # fmt: skip
    yield kept
    kept.go.set()


@pytest.fixture
def address():
    """The page's, in this process."""
    import app

    page = app.build()
    page.queue(default_concurrency_limit=4, max_size=200, api_open=False)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, show_error=False)
    yield address
    page.close(verbose=False)


def soon(what) -> None:
    """Wait until something holds."""
    for _ in range(1200):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def place(job) -> int | None:
    """How many wait before a call that waits."""
    status = job.status()
    return status.rank if status.code in (Status.IN_QUEUE, Status.JOINING_QUEUE) else None


def test_five_locks_at_once_are_made_in_order_and_none_is_lost(locks, address, tmp_path):
    client = Client(address, verbose=False, download_files=str(tmp_path))
    jobs = []
    for seed in range(COUNT):
        jobs.append(client.submit(prompt=f"in sepia, {seed}", images=9, seed=seed, api_name="/lock"))
        soon(lambda: locks.begun if len(jobs) == 1 else place(jobs[-1]) == len(jobs) - 2)
    assert locks.begun == [0]
    locks.go.set()
    for seed, job in enumerate(jobs):
        _, key, _ = job.result(timeout=60)
        assert Key.load(key).prompt == f"in sepia, {seed}"  # each gets his own
    assert locks.begun == locks.ended == [*range(COUNT)]
