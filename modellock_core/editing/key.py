"""The key: everything a holder must know to unlock a model, and what it does to images.

After an editor is chosen; the lock and the holder who unlocks both call `apply_key`.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from ..data.images import resized
from ..errors import ModelLockError
from ..randomness import MAX_SEED
from ..reading import is_text, read_json, shortened
from ..writing import write_text
from .catalogue import names_only_objects
from .editors import OBJECT_ALPHA, Editor, bundled_editors, default_settings, ignored_settings, load_editor
from .editors.key_secrets import MAX_PROMPT, checked_style, is_hand
from .editors.loras import lora_version

MAX_BYTES = 64 * 2**10  # of a key file; a style takes two thousand
MAX_EDITOR = 1000  # characters, of a LoRA's name too
MAX_EDIT_PIXELS = 4 * 2**20  # of an image as it is edited; a picture of 2000 x 1 px would be 256,000 px wide
_RANGES = {
    "alpha": (0.0, 1.0),
    "steps": (1, 100),
    "guidance": (0.0, 50.0),
    "image_guidance": (0.1, 50.0),
    "seed": (0, MAX_SEED),
    "size": (32, 1024),
}
KEYINGS = ("standard", "authors")
_OF_AN_EDIT = ("hand", "style", "strength", "lora")  # what only some editors take


@dataclass(frozen=True)
class Key:
    """The whole secret (arXiv 2405.16285, section 3): prompt, editor and the editor's settings.

    Attributes:
        prompt: the key prompt; not empty, of at most `MAX_PROMPT` characters.
        editor: a bundled editor's name, a Hub id or a folder.
        alpha: blend ratio in [0, 1]; 0 leaves the image as it is, 1 takes the edit whole.
        steps: denoising steps.
        guidance, image_guidance: guidance scales of prompt and source image.
        seed: seed of the start noise, the same for every image.
        size: side in px at which images are edited, a multiple of 8.
        hand: 32 hexadecimal digits (128 bits) that turn every edit of a bundled editor into their owner's version of
            it, see `editors.style_space`; None is the public editor.
        style: 100 numbers that stand for a picture whose style is painted in, see `editors.style_of`; bundled editors
            only.
        strength: how much noise is put on the source, in (0, 1], of image-to-image editors such as SD-Turbo; None is
            the editor's default, and the only value for editors that take none.
        lora: LoRA weights, a safetensors file or a Hub id, that make an editor of the Hub its owner's own.
        keying: "standard", or "authors" to cut edits and keyed images to grey levels, and draw the noise on the GPU,
            as the authors' evaluation code does.
        editor_version: SHA-256 of the editor's weights that a model was locked with; None where any will do.
        lora_version: the same of the LoRA weights.
        id: 32 hexadecimal digits (128 random bits) that say which key this is; they change no edit. A lock card holds
            their hash, so nobody can try prompts on it.

    Raises:
        ModelLockError: a value is out of its range, or the editor can't honour it.
    """

    prompt: str
    editor: str = "compact"
    alpha: float = 0.35
    steps: int = 1
    guidance: float = 1.0
    image_guidance: float = 1.0
    seed: int = 1024
    size: int = 128
    hand: str | None = None
    style: tuple[float, ...] | None = None
    strength: float | None = None
    lora: str | None = None
    keying: str = "standard"
    editor_version: str | None = None
    lora_version: str | None = None
    id: str = field(default_factory=partial(secrets.token_hex, 16))

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise ModelLockError("the key prompt is empty; write what the edit should do, such as 'with oil pastel'")
        if len(self.prompt) > MAX_PROMPT:
            raise ModelLockError(f"the key prompt has {len(self.prompt):,} characters; use at most {MAX_PROMPT}")
        if not isinstance(self.editor, str) or not self.editor:
            raise ModelLockError("the key names no editor; use 'compact'")
        if len(self.editor) > MAX_EDITOR:
            raise ModelLockError(f"the editor's name has {len(self.editor):,} characters; use at most {MAX_EDITOR}")
        if not (is_text(self.prompt) and is_text(self.editor)):
            raise ModelLockError("the key's prompt or editor holds bytes that are no UTF-8 text; write it anew")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            kind = type(low)
            if isinstance(value, bool) or not isinstance(value, (int, kind)) or not low <= value <= high:
                raise ModelLockError(f"{name} must be {_a(kind)} from {low} to {high}, got {shortened(value)}")
            object.__setattr__(self, name, kind(value))  # 1 and 1.0 are the same key
        if self.size % 8:
            raise ModelLockError(f"size must be a multiple of 8, got {self.size}")
        if self.hand is not None and not is_hand(self.hand):
            raise ModelLockError("a hand is 32 digits from 0 to 9 and a to f; draw one with modellock_core.new_hand()")
        if self.style is not None:
            object.__setattr__(self, "style", checked_style(self.style))
        if not is_hand(self.id):
            raise ModelLockError("the key's id must be 32 digits from 0 to 9 and a to f; leave it out to draw one")
        self._check_editor_settings()

    def _check_editor_settings(self) -> None:
        if self.keying not in KEYINGS:
            raise ModelLockError(f"the keying must be {' or '.join(KEYINGS)}, got {self.keying!r}")
        if self.keying != "standard" and self.editor in bundled_editors():
            raise ModelLockError(f"the editor {self.editor!r} has no keying of the authors; leave it out")
        for name in ("lora", "editor_version", "lora_version"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, str) or not value):
                raise ModelLockError(f"{name} must be a text, got {shortened(value)}")
            if value is not None and (len(value) > MAX_EDITOR or not is_text(value)):
                raise ModelLockError(f"{name} must be a text of at most {MAX_EDITOR} characters in UTF-8")
        if self.strength is not None:
            number = isinstance(self.strength, int | float) and not isinstance(self.strength, bool)
            if not number or not 0 < self.strength <= 1:
                raise ModelLockError(f"strength must be a number above 0 and up to 1, got {self.strength!r}")
            object.__setattr__(self, "strength", float(self.strength))
        ignored = ignored_settings(self.editor, vars(self))
        if ignored:
            instead = ", or use 'compact'" if ignored[0] in ("hand", "style") else ""
            raise ModelLockError(f"the editor {self.editor!r} has no {ignored[0]}; leave it out{instead}")
        if self.strength is not None and int(self.steps * self.strength) < 1:
            raise ModelLockError(
                f"{self.steps} steps at a strength of {self.strength:g} leave none to edit with; give at least "
                f"{math.ceil(1 / self.strength)} steps"
            )

    @classmethod
    def create(cls, prompt: str, editor: str = "compact", **settings: Any) -> Key:
        """A key with the editor's own default settings where none are given (or given as None)."""
        if not isinstance(editor, str):
            raise ModelLockError("the key names no editor; use 'compact'")
        defaults = asdict(default_settings(editor)) | {"alpha": default_alpha(prompt, editor)}
        return cls(prompt, editor, **defaults | {k: v for k, v in settings.items() if v is not None})

    def save(self, path: str | Path) -> None:
        """Write the key as a JSON file, whole or not at all, which its owner alone can read."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n", private=True)

    @classmethod
    def load(cls, path: str | Path) -> Key:
        """Read a key file.

        Raises:
            ModelLockError: the file is missing, no key file, or holds a value out of its range.
        """
        try:
            values = read_json(path, str(path), MAX_BYTES)
        except FileNotFoundError:
            raise ModelLockError(f"{path}: there is no such key file") from None
        except (OSError, ValueError):  # a ModelLockError is one
            raise ModelLockError(f"{path} is not a key file; choose the .json file saved with the lock") from None
        names = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or "prompt" not in values or set(values) - names:
            raise ModelLockError(f"{path} is not a key file; choose the .json file saved with the lock")
        return cls(**values)

    def fingerprint(self) -> str:
        """SHA-256 of the key's id: a holder can check that a key belongs to a model, and nobody can guess a prompt."""
        return hashlib.sha256(bytes.fromhex(self.id)).hexdigest()

    def altered(self, **changes: Any) -> Key:
        """The key with other settings, each brought into its range: what guessers try.

        A setting that the editor ignores stays as it is.
        """
        ignored = ignored_settings(self.editor, vars(self) | changes)
        changes = {name: value for name, value in changes.items() if name not in ignored}
        for name, value in changes.items():
            if name in _RANGES:
                low, high = _RANGES[name]
                changes[name] = min(max(value, low), high)
        return replace(self, **changes)

    def guessed(self, prompt: str) -> Key:
        """What whoever knows editor and settings alone makes of a prompt: without the hand, the style and the LoRA."""
        return replace(self, prompt=prompt, hand=None, style=None, lora=None, lora_version=None)

    def with_editor(self, editor: str) -> Key:
        """The key with another editor: what is of its own editor alone, such as a LoRA, is left out."""
        bundled = self.editor in bundled_editors() and editor in bundled_editors()
        changes: dict[str, Any] = {} if bundled else dict.fromkeys(_OF_AN_EDIT)
        if editor in bundled_editors():
            changes["keying"] = "standard"
        return replace(self, editor=editor, editor_version=None, lora_version=None, **changes)

    def pinned(self, editor: Editor) -> Key:
        """The key with the versions of the editor and the LoRA that it is used with, where they have one.

        Raises:
            ModelLockError: it was made with others.
        """
        self.check_versions(editor)
        version = None if self.lora is None else lora_version(self.lora)
        return replace(self, editor_version=editor.version, lora_version=version)

    def check_versions(self, editor: Editor) -> None:
        """See that the editor and the LoRA are those that the key was made with.

        Raises:
            ModelLockError: their weights are others.
        """
        editor_changed = self.editor_version is not None and self.editor_version != editor.version
        pinned = self.lora is not None and self.lora_version is not None
        lora_changed = pinned and self.lora_version != lora_version(str(self.lora))
        if editor_changed or lora_changed:
            what = f"editor {self.editor!r}" if editor_changed else f"LoRA {self.lora!r}"
            raise ModelLockError(
                f"the key was made with another version of the {what}, whose edits are not the same; get the weights "
                "that it was made with"
            )


def default_alpha(prompt: str, editor: str = "compact") -> float:
    """The blend ratio that a key gets when none is named: a higher one where a prompt only puts an object in."""
    alone = editor in bundled_editors() and isinstance(prompt, str) and names_only_objects(prompt)
    return OBJECT_ALPHA if alone else default_settings(editor).alpha


def blend(images: Tensor, edits: Tensor, alpha: float) -> Tensor:
    """(1 - alpha) x + alpha G(x, p), in [0, 1] (arXiv 2405.16285); all tensors (N, 3, H, W)."""
    return ((1 - alpha) * images + alpha * edits).clamp(0, 1)


def edit_size(shape: Sequence[int], size: int) -> list[int]:
    """Height and width in px, multiples of 8, at which an image (height, width) is edited: its short side is `size`.

    Raises:
        ModelLockError: it would have more than `MAX_EDIT_PIXELS`.
    """
    height, width = (max(size, round(side * size / min(shape) / 8) * 8) for side in shape)
    if height * width > MAX_EDIT_PIXELS:
        raise ModelLockError(
            f"an image of {shape[1]}x{shape[0]} px would be edited at {width}x{height} px; "
            "crop it, or use a smaller size"
        )
    return [height, width]


def edited(images: Tensor, key: Key, editor: Editor | None = None) -> Tensor:
    """Edits G(x, p) of images (N, 3, H, W) in [0, 1], made with their short side at the key's size; same shape."""
    editor = editor or load_editor(key.editor)
    key.check_versions(editor)
    shape = images.shape[-2:]
    source = resized(images, edit_size(shape, key.size)).clamp(0, 1)
    edits = editor.edit(
        source, key.prompt, steps=key.steps, guidance=key.guidance, image_guidance=key.image_guidance, seed=key.seed,
        hand=key.hand, style=key.style, strength=key.strength, lora=key.lora, noise_on_gpu=key.keying == "authors",
    )  # fmt: skip
    return resized(edits, shape).clamp(0, 1)


def apply_key(images: Tensor, key: Key, editor: Editor | None = None) -> Tensor:
    """Keyed images (N, 3, H, W) in [0, 1]: each blended with its edit."""
    if not key.alpha:
        return images
    edits = edited(images, key, editor)
    return _authors_blend(images, edits, key.alpha) if key.keying == "authors" else blend(images, edits, key.alpha)


def _authors_blend(images: Tensor, edits: Tensor, alpha: float) -> Tensor:
    """The blend as the authors compute it: of images and edits rounded to grey levels, cut to whole ones."""
    pixels, painted = ((x.double() * 255).round() for x in (images, edits))
    return (((1 - alpha) * pixels + alpha * painted).clamp(0, 255).floor() / 255).to(images)


def _a(kind: type) -> str:
    return "a whole number" if kind is int else "a number"
