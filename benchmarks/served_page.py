"""A page in a process of its own, and a watch on its memory: what the benchmarks of load and endurance share."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import urllib.request
from types import TracebackType

import psutil

from .page import ROOT, free_port

LOCK = {"prompt": "in watercolor", "images": 400}  # of the API's `lock`


class ServedPage:
    """A running page.

    Args:
        url: of one that runs already on this machine; None starts one, which ends with the block.

    Attributes:
        url: its address.
        pid: its process.
    """

    def __init__(self, url: str | None = None):
        self._process: subprocess.Popen[bytes] | None = None
        if url is None:
            port = free_port()
            environment = os.environ | {
                "GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "FORWARDED_ALLOW_IPS": "127.0.0.1",
            }  # fmt: skip
            self._process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
            url = f"http://127.0.0.1:{port}"
        self.url = url.rstrip("/")
        self.pid = self._process.pid if self._process else _listener(int(self.url.rpartition(":")[2]))

    def __enter__(self) -> ServedPage:
        for _ in range(480):
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return self
            except OSError:
                time.sleep(0.25)
        raise TimeoutError(f"{self.url} does not answer")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)


def _listener(port: int) -> int:
    """The process that listens on a port."""
    found = [c.pid for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN and c.laddr.port == port]
    return next(pid for pid in found if pid is not None)


class MemoryWatch:
    """The resident memory of a process, in MB.

    Attributes:
        before, peak, after: at the beginning of the block, within it, and at its end.
    """

    def __init__(self, pid: int):
        self._process, self._end = psutil.Process(pid), threading.Event()
        self.before = self.peak = self.after = 0

    def now(self) -> int:
        """What it is at this moment."""
        return self._process.memory_info().rss // 2**20

    def __enter__(self) -> MemoryWatch:
        self.before = self.peak = self.now()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self.after = self.now()

    def _watch(self) -> None:
        while not self._end.wait(0.2):
            self.peak = max(self.peak, self.now())
