"""What must be settled before Gradio and torch are imported; importing this module does it."""

from __future__ import annotations

import os
import warnings

from modellock_core.threads import bound_threads

from .process_folder import keep_all_in_it

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("MODELLOCK_CACHE_GB", "0")  # visitors' edits of big editors must not outlive the visit
warnings.filterwarnings("ignore", module=r"PIL\.Image")  # of large images, which the core refuses in one line
bound_threads()
keep_all_in_it()
