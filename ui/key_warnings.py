"""What speaks against a key or a recipe before a lock with it is started: shown in step 2.

Figures are those of docs/results.md: Toybox, nine classes, the default recipe.
"""

from __future__ import annotations

import gradio as gr
from PIL import Image

from modellock_core.editing.catalogue import names_only_objects

from .spell import warnings

OBJECT = (
    "**Careful:** this key only puts an object into the picture. Such locks are weaker: without the key, 11 to 19 % of "
    "test images were right with an object, 11 to 14 % with a style (guessing: 11 %)."
)
PAPER = "**Careful:** “As in the paper” needs long training. In a short one like this it barely locks."


def warn(prompt: str, own_hand: bool, like: Image.Image | None, recipe: str) -> dict:
    """An update of the Markdown that warns of a key and a recipe; hidden where nothing speaks against them.

    Args:
        prompt, own_hand, like: of a `KeyChoice`.
        recipe: of the finetune.
    """
    said = [warnings(prompt or "", has_hand=own_hand)] if (prompt or "").strip() else []
    said += [OBJECT] * (like is None and names_only_objects(prompt or "")) + [PAPER] * (recipe == "paper")
    text = "\n\n".join(line for line in said if line)
    return gr.update(value=text, visible=bool(text))
