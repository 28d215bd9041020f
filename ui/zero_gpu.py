"""All that knows of Hugging Face's ZeroGPU, where a GPU is lent for the length of one call.

Import it before anything that imports torch: `spaces` makes the main process believe in a GPU that it doesn't have. So
the core is told to stay on the CPU, and only the edits of big editors go to the GPU, in a function of their own.
Elsewhere nothing changes.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from modellock_core.editing.editors import Editor

IS_ZERO_GPU = os.environ.get("SPACES_ZERO_GPU") == "true" and importlib.util.find_spec("spaces") is not None
SECONDS_TO_MOVE, SECONDS_PER_IMAGE = 20, 1  # asked for, not taken: who asks for little is served earlier

_editors: dict[str, Any] = {}  # loaded in the main process, on the CPU, when they are first used


def seconds(name: str, images: Tensor, prompt: str, settings: dict[str, Any]) -> int:
    """For how long `edit_on_gpu` asks for the GPU."""
    return SECONDS_TO_MOVE + SECONDS_PER_IMAGE * len(images)


def edit_on_gpu(name: str, images: Tensor, prompt: str, settings: dict[str, Any]) -> Tensor:
    """Edits (N, 3, H, W) in [0, 1] of images alike, on the CPU again.

    On ZeroGPU it runs in a forked process, where `_editors` is as in the main one: an editor that is passed would be
    copied.
    """
    import torch

    editor = _editors[name]
    editor.pipeline.to("cuda", torch.float16)
    return editor.edit(images, prompt, **settings).float().cpu()


class LentGPU:
    """A Hub editor whose edits are made on a lent GPU; all else of it is its own."""

    chunk = 16  # images for which the GPU is lent once

    def __init__(self, editor: Editor):
        self.editor = editor
        _editors[editor.name] = editor

    @property
    def name(self) -> str:
        """See `Editor`."""
        return self.editor.name

    @property
    def version(self) -> str | None:
        """See `Editor`."""
        return self.editor.version

    def edit(self, images: Tensor, prompt: str, **settings: Any) -> Tensor:
        """See `Editor.edit`."""
        return edit_on_gpu(self.name, images, prompt, settings)


if IS_ZERO_GPU:
    import spaces

    from modellock_core.editing.editors import placement

    os.environ["ACCELERATE_USE_CPU"] = "true"  # what `devices.best_device` heeds
    edit_on_gpu = spaces.GPU(duration=seconds)(edit_on_gpu)
    placement.run_in(LentGPU)
