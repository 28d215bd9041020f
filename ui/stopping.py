"""The end of the page: within seconds, whatever is going on, and without a trace on the disk."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

from .process_folder import remove_process_folder

PATIENCE = 2.0  # seconds for the server to say goodbye; Docker kills after 10


def end_on_signals(close: Callable[[], object]) -> None:
    """On SIGTERM and SIGINT, close the server, remove all that visitors have left, and end; nobody's work is awaited.

    Args:
        close: closes the server.
    """

    def end(signum: int, frame: object) -> None:
        closing = threading.Thread(target=close, daemon=True)
        closing.start()
        closing.join(PATIENCE)
        remove_process_folder()
        sys.stdout.flush()
        os._exit(0)  # threads that compute would be waited for otherwise

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
