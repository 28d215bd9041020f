"""What must be settled before Gradio and torch are imported; importing this module does it."""

from __future__ import annotations

import os

from modellock_core.threads import bound_threads

from .process_folder import keep_all_in_it

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
bound_threads()
keep_all_in_it()
