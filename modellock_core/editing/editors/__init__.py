"""Editors: text-guided diffusion image editing, x' = G(x, p), behind one protocol.

Between a key and the keyed images: `key.edited` calls an editor that `load_editor` made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import ModelLockError
from ...paths import EDITORS

if TYPE_CHECKING:
    from torch import Tensor

INSTRUCT_PIX2PIX = "timbrooks/instruct-pix2pix"
_LOADING = Lock()


@dataclass(frozen=True)
class EditSettings:
    """Settings that an editor works well with."""

    alpha: float  # how much of the edit is blended in
    steps: int
    guidance: float
    image_guidance: float
    size: int  # px, the side at which images are edited
    strength: float | None = None  # how much noise is put on the source, of editors that work by that


# at an alpha of 0.35 strokes leave what the classes need, see docs/editor.md
COMPACT_SETTINGS = EditSettings(alpha=0.35, steps=1, guidance=1.0, image_guidance=1.0, size=128)
OBJECT_ALPHA = 0.8  # an object hides nothing of the subject, so more of it can be blended in
# the authors' Pets checkpoint (arXiv 2405.16285)
PAPER_SETTINGS = EditSettings(alpha=0.5, steps=5, guidance=4.5, image_guidance=1.5, size=256)


class Editor(Protocol):
    """Edits images after a prompt; the same image, prompt and settings always give the same edit.

    Attributes:
        name: what `load_editor` takes.
        version: SHA-256 of its weights and configuration, as edits of another version are other edits; None where that
            is not known.
        chunk: at most so many images are edited between two reports of progress.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str | None: ...

    @property
    def chunk(self) -> int: ...

    def edit(
        self, images: Tensor, prompt: str, *, steps: int, guidance: float, image_guidance: float, seed: int,
        hand: str | None = None, style: Sequence[float] | None = None, strength: float | None = None,
        lora: str | None = None, noise_on_gpu: bool = False,
    ) -> Tensor:  # fmt: skip
        """Edit images (N, 3, H, W) in [0, 1]; the result has the same shape.

        An edit does not depend on the batch that the image is in, but for rounding: every image starts from the noise
        of the same seed.

        Args:
            steps, guidance, image_guidance, seed: see `Key`.
            hand, style: see `Key`; of bundled editors only.
            strength, lora: see `Key`; of editors of the Hub only.
            noise_on_gpu: draw the start noise there, as the authors do; of editors of the Hub only.

        Raises:
            ModelLockError: it would ignore a setting.
        """
        ...


def bundled_editors() -> list[str]:
    """Names of the editors in assets/."""
    return sorted(folder.name for folder in EDITORS.iterdir() if (folder / "unet").is_dir())


def default_settings(name: str) -> EditSettings:
    """The settings a key gets for an editor when none are named."""
    if name in bundled_editors():
        return COMPACT_SETTINGS
    from .families import family_of

    family = family_of(name)
    return family.defaults if family else PAPER_SETTINGS


def ignored_settings(name: str, settings: Mapping[str, Any]) -> list[str]:
    """Names of settings that an editor would ignore; none while nothing is known of it."""
    if name in bundled_editors():
        return [setting for setting in ("strength", "lora") if settings.get(setting) is not None]
    from .families import family_of

    family = family_of(name)
    given = {setting: value for setting, value in settings.items() if setting != "strength" or value is not None}
    own = [setting for setting in ("hand", "style") if settings.get(setting) is not None]
    return own + (family.ignored(given) if family else [])


def style_of(picture: Tensor, editor: str = "compact") -> tuple[float, ...]:
    """The style of a picture (1, 3, H, W) in [0, 1], as the numbers that a `Key` takes: "paint it like this".

    Raises:
        ModelLockError: the editor is not a bundled one.
    """
    from .compact import CompactEditor

    bundled = load_editor(editor)
    if not isinstance(bundled, CompactEditor):
        raise ModelLockError(f"the editor {editor!r} takes no style; use {', '.join(bundled_editors())}")
    return tuple(round(v, 4) for v in bundled.pipeline.encode_style(picture)[0].tolist())


def load_editor(name: str = "compact") -> Editor:
    """An editor by name: a bundled one ("compact"), a Hub id or the folder of a diffusers edit pipeline.

    After a plus, "stabilityai/sd-turbo+madebyollin/taesd" names a tiny VAE that replaces a pipeline's own. Edits of
    editors from the Hub are kept on disk, see `stored_edits.py`.

    Raises:
        ModelLockError: there is no such editor, or it can't edit images.
    """
    with _LOADING:  # a cache alone would let two threads load it twice
        return _loaded(name)


@lru_cache(maxsize=2)
def _loaded(name: str) -> Editor:
    if name in bundled_editors():
        from .compact import CompactEditor

        return CompactEditor(name)
    if "/" not in name:
        raise ModelLockError(
            f"there is no editor {name!r}; use {', '.join(bundled_editors())}, or a Hub id such as {INSTRUCT_PIX2PIX}"
        )
    from .hub import HubEditor
    from .placement import placed
    from .stored_edits import with_stored_edits

    return with_stored_edits(placed(HubEditor(name)))
