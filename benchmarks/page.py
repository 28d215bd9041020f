"""How long until the page is up, as a ratio to a Gradio hello world started in the same run.

python -m benchmarks.page [--runs 3]
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HELLO = "import gradio as gr; gr.Interface(lambda name: 'Hello ' + name, 'text', 'text').launch()"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def seconds_until_up(command: list[str]) -> float:
    """Seconds from starting a command until its page answers."""
    port = free_port()
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    begun = time.perf_counter()
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - begun < 120:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return time.perf_counter() - begun
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"{command} did not answer in 120 s")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    commands = {"hello": [sys.executable, "-c", HELLO], "app": [sys.executable, "app.py"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(args.runs):  # in turn, so that a noisy moment hits both
        for name, command in commands.items():
            times[name].append(seconds_until_up(command))
    hello, app = (statistics.median(times[name]) for name in ("hello", "app"))
    print(f"hello world {hello:.1f} s, app {app:.1f} s, ratio {app / hello:.2f} (median of {args.runs})")


if __name__ == "__main__":
    main()
