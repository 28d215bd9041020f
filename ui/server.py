"""How the page is served to strangers: limits, nothing kept in browsers, and what is cleared away meanwhile."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware

from .classroom import remove_old_games
from .key_files import serve_key_files
from .limits import MAX_FILE, Limits
from .link_preview import LinkPreview
from .passing_files import remove_passed_files
from .private_cache import name_files_at_random, remove_old_uploads
from .process_folder import process_folder
from .sessions import remove_idle_sessions
from .warm_up import warm_up

CACHE = Path(os.environ.get("GRADIO_TEMP_DIR") or process_folder() / "cache")
EVERY = 60  # seconds
PROTECTED: dict[str, Any] = {  # of Gradio's `launch`
    "max_file_size": MAX_FILE,
    "enable_monitoring": False,  # who uses what is nobody else's business
    "run_history": False,  # it would keep key prompts in the browser
    "app_kwargs": {"middleware": [Middleware(Limits, cache=CACHE), Middleware(LinkPreview)]},
}


def start_housekeeping() -> None:
    """Load what is heavy, and from then on remove what visitors have left."""
    threading.Thread(target=_keep_house, daemon=True).start()


def _keep_house() -> None:
    warm_up()
    while True:
        time.sleep(EVERY)
        for clear in (
            remove_idle_sessions, remove_old_games, remove_passed_files, lambda: remove_old_uploads(CACHE)
        ):  # fmt: skip
            try:
                clear()
            except Exception as error:  # one failure must not end it
                print(f"housekeeping: {type(error).__name__}", file=sys.stderr, flush=True)


name_files_at_random()
serve_key_files()
