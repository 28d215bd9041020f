"""The key that a command line names: a file, or a prompt and settings."""

from __future__ import annotations

import argparse
from dataclasses import replace

from torch import Tensor

from ..data.images import open_image, to_tensor
from ..devices import agreed
from ..editing.editors import bundled_editors, load_editor, style_of
from ..editing.editors.key_secrets import new_hand
from ..editing.key import Key
from ..errors import ModelLockError
from .arguments import DRAW, DRAW_IF_TAKEN

OWN_SIZES = (128, 1024)  # px, between which the bundled editors edit a picture at its own size
SETTINGS = ("alpha", "steps", "guidance", "image_guidance", "size", "hand", "strength", "lora")


def draw_hand(args: argparse.Namespace) -> None:
    """Put a new hand, the same in all processes, where --hand was given without its digits, or is the default."""
    if args.hand == DRAW_IF_TAKEN:
        args.hand = DRAW if args.editor in bundled_editors() else None
    if args.hand == DRAW:
        args.hand = agreed(new_hand())


def key_of(args: argparse.Namespace) -> Key | None:
    """The key of --key FILE, or of --prompt and the settings beside it; None without either."""
    prompt = getattr(args, "prompt", None)
    if prompt is None and (getattr(args, "hand", None) or getattr(args, "style", None)):
        raise ModelLockError("--hand and --style go with --prompt; a key file has its own")
    if getattr(args, "key", None):
        return Key.load(args.key)
    return None if prompt is None else key_of_prompt(args)


def key_of_prompt(args: argparse.Namespace) -> Key:
    """The key of --prompt and the settings beside it."""
    if args.editor not in bundled_editors() and "/" in args.editor and not (args.hand or args.style):
        load_editor(args.editor)  # its defaults are known when it is there
    settings = {name: getattr(args, name) for name in SETTINGS}
    key = Key.create(args.prompt, args.editor, seed=args.edit_seed, **settings)
    return replace(key, style=style_of(to_tensor(open_image(args.style)))) if args.style else key


def at_own_size(key: Key, image: Tensor) -> Key:
    """The key with the size of an image (N, 3, H, W), where its editor can edit at any size: as sharp as the image."""
    if key.editor not in bundled_editors():
        return key
    low, high = OWN_SIZES
    return replace(key, size=min(max(round(min(image.shape[-2:]) / 8) * 8, low), high))
