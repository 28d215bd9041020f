"""The key that the page's settings make, for all steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import gradio as gr
from PIL import Image

from modellock_core.editing.editors import OBJECT_ALPHA, bundled_editors, default_settings
from modellock_core.errors import ModelLockError

from .backbones import is_public
from .errors import shows_errors
from .hub_editors import WITH_A_GPU, hub_editors, load_offered

if TYPE_CHECKING:  # it loads torch
    from modellock_core import Key

EDITORS = [*bundled_editors(), *WITH_A_GPU]  # those on offer until it is known what this machine can run


class KeySettings(TypedDict):
    """What a key has beside its prompt and strength, as the page's components give it.

    Attributes:
        editor, steps, edit_seed: as of `Key`; a number field may be empty.
        own_hand: whether the key has a hand.
        like: a picture whose style is painted in.
        hand: the visitor's.
    """

    editor: str
    steps: float | None
    edit_seed: float | None
    own_hand: bool
    like: Image.Image | None
    hand: str | None


class KeyChoice(KeySettings):
    """All that makes a key: the names under which its components are passed to the page's functions."""

    prompt: str
    alpha: float


def runnable_editors() -> list[str]:
    """The editors that this machine runs in reasonable time."""
    return [*bundled_editors(), *hub_editors()]


@shows_errors
def offered_editors() -> gr.Dropdown:
    """The choice of editors, once it is known what this machine can run."""
    return gr.Dropdown(choices=runnable_editors())


def check_editor(key: Key) -> Key:
    """The key itself.

    Raises:
        ModelLockError: this machine can't run the key's editor; or the page is public and the key has a LoRA, which
            may be a file of the server, or a download of any size.
    """
    if key.editor not in runnable_editors():
        raise ModelLockError(f"this key needs the editor {key.editor!r}; here there is {', '.join(runnable_editors())}")
    if key.lora is not None and is_public():
        raise ModelLockError("this page loads no LoRA; open the model on your own machine")
    return key


def make_key(
    *,
    prompt: str,
    alpha: float,
    editor: str,
    steps: float | None,
    edit_seed: float | None,
    own_hand: bool,
    like: Image.Image | None,
    hand: str | None,
) -> Key:
    """The `Key` of a `KeyChoice`."""
    from modellock_core import Key, style_of
    from modellock_core.data.images import to_tensor

    load_offered(editor)
    if steps is None or edit_seed is None or alpha is None:
        raise ModelLockError("steps and seed must be whole numbers; fill them in")
    if own_hand and hand is None:  # a caller of the API, who gets it with the key file
        hand = draw_hand()
    key = Key.create(
        prompt or "",
        editor,
        alpha=alpha,
        steps=_whole(steps),
        seed=_whole(edit_seed),
        hand=hand if own_hand else None,
        style=None if like is None else style_of(to_tensor(like)),
    )
    return check_editor(key)


def key_summary(
    *,
    prompt: str,
    alpha: float,
    editor: str,
    steps: float | None,
    edit_seed: float | None,
    own_hand: bool = False,
    like: Image.Image | None = None,
) -> str:
    """The key in one line of text, without what nobody could remember."""
    step_count, seed = ("?" if value is None else f"{value:.15g}" for value in (steps, edit_seed))
    parts = [f"“{prompt or ''}”", f"strength {alpha:g}", f"editor {editor}", f"steps {step_count}", f"seed {seed}"]
    parts += ["your own random bits"] * own_hand + ["your picture's style"] * (like is not None)
    return "Key: " + " · ".join(parts)


def alpha_of(prompt: str, editor: str, alpha: float) -> float:
    """Where the slider of strength stands for a prompt: at its default, unless the visitor has moved it elsewhere."""
    from modellock_core.editing.key import default_alpha

    moved = alpha not in (default_settings(editor).alpha, OBJECT_ALPHA)
    return alpha if moved else default_alpha(prompt or "", editor)


def follow_prompt(prompt: str, editor: str, alpha: float) -> float | dict:
    """What `alpha_of` returns where it differs: an answer that comes late must not undo what was moved meanwhile."""
    wanted = alpha_of(prompt, editor, alpha)
    return gr.skip() if wanted == alpha else wanted


def draw_hand() -> str:
    """A new hand for the visitor."""
    from modellock_core import new_hand

    return new_hand()


def _whole(value: float) -> int | float:
    return int(value) if isinstance(value, int) or value.is_integer() else value
