"""What is wrong with an input, told at its field before a place in the queue is taken.

Only what can be told at once; the core checks the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction

from modellock_core.editing.editors.key_secrets import MAX_PROMPT

from . import lock, spell, unlock

NO_PROMPT = "Write what the edit should do, such as “with oil pastel”."
TOO_LONG = f"More than {MAX_PROMPT} characters: make it shorter."
NO_IMAGE = "There is no image: choose a sample, or drop one of your own."
NO_EDIT = "At 0 nothing of the edit is left, so it would lock nothing: choose more."
NO_ZIP = "There is no zip yet: upload one."
NOT_WHOLE = "Fill in a whole number."
NO_FILE = "Both are needed: the model's zip and its key file."

CHECKED = (spell.preview, lock.run_lock, unlock.predict, unlock.open_files)


def problems_of(given: Mapping[str, Any]) -> list[str | None]:
    """What is wrong with each of a function's arguments, or None.

    Args:
        given: what the page's fields hold, by the names of the arguments.
    """
    locks = "recipe" in given

    def problem(name: str, value: Any) -> str | None:
        text = (value or "").strip() if isinstance(value, str | None) else ""
        if (name == "prompt" and not text) or (name == "guess" and not text and value):
            return NO_PROMPT
        if name in ("prompt", "guess") and len(text) > MAX_PROMPT:
            return TOO_LONG
        if name == "image" and value is None:
            return NO_IMAGE
        if name in ("steps", "edit_seed", "seed") and value is None:
            return NOT_WHOLE
        if name == "alpha" and locks and not value:
            return NO_EDIT
        if name == "upload" and given.get("source") == lock.OWN and not value:
            return NO_ZIP
        return NO_FILE if name in ("archive", "key_file") and not value else None

    return [problem(name, value) for name, value in given.items()]


def validate_early(page: gr.Blocks) -> None:
    """Let the events of a built page that call a function of `CHECKED` be checked before they wait."""
    for function in page.fns.values():
        if function.fn in CHECKED:
            function.validator = _validator(function)


def _validator(function: BlockFunction) -> Callable[..., list[dict[str, Any]]]:
    names = function.input_parameter_names

    def validator(*values: Any, **named: Any) -> list[dict[str, Any]]:
        problems = problems_of(dict(zip(names, (*values, *named.values()), strict=True)))
        return [gr.validate(problem is None, problem or "") for problem in problems]

    return validator
