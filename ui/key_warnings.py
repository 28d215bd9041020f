"""What speaks against a key or a recipe before a lock with it is started: shown in step 2."""

from __future__ import annotations

import gradio as gr

from .spell import warnings

PAPER = "**Careful:** “As in the paper” needs long training. In a short one like this it barely locks."


def warn(prompt: str, own_hand: bool, recipe: str) -> dict:
    """An update of the Markdown that warns of a key and a recipe; hidden where nothing speaks against them.

    Args:
        prompt, own_hand: of a `KeyChoice`.
        recipe: of the finetune.
    """
    said = [warnings(prompt or "", has_hand=own_hand)] if (prompt or "").strip() else []
    said += [PAPER] * (recipe == "paper")
    text = "\n\n".join(line for line in said if line)
    return gr.update(value=text, visible=bool(text))
