"""The command line's arguments; nothing heavy is imported to read them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from ..data.options import TASKS
from ..editing.editors.key_secrets import is_hand
from ..errors import ModelLockError
from ..evaluation.thieves import EVERYBODY, THIEF_NAMES, THIEVES
from ..locking.recipe import DEFAULT_RECIPE, RECIPE_NAMES
from ..models.backbones import DEFAULT_BACKBONE
from ..randomness import MAX_SEED
from ..reading import shortened

DRAW = "new"  # of --hand without its digits
DRAW_IF_TAKEN = "new if the editor takes one"
DATASETS = "toybox, a folder or zip with one folder per class (for segmentation, with images/ and masks/), " \
    "torchvision:NAME or hub:NAME"  # fmt: skip


class Parser(argparse.ArgumentParser):
    """Reports bad usage in one line."""

    def error(self, message: str) -> NoReturn:
        raise ModelLockError(f"{message} (see {self.prog} --help)")


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{shortened(text)} is not a whole number from 1 to 999,999,999")
    return int(text)


def seed(text: str) -> int:
    """A seed."""
    if not text.isdecimal() or len(text) > 10 or int(text) > MAX_SEED:
        raise argparse.ArgumentTypeError(f"{shortened(text)} is no whole number from 0 to 2^32 - 1")
    return int(text)


def hand(text: str) -> str:
    """The digits of a hand."""
    if text not in (DRAW, DRAW_IF_TAKEN) and not is_hand(text):
        raise argparse.ArgumentTypeError("a hand is 32 digits from 0 to 9 and a to f; put --hand last to draw one")
    return text


def _add_settings(command: argparse.ArgumentParser, *, new_key: bool = True, hand_by_default: bool = False) -> None:
    add = command.add_argument
    add("--editor", default="compact", help="bundled editor, Hub id or folder")
    add("--alpha", type=float, help="blend ratio, 0 to 1; the default is the editor's own")
    add("--steps", type=positive, help="denoising steps; the editor's default if not given")
    add("--guidance", type=float, help="guidance scale of the prompt")
    add("--image-guidance", type=float, help="guidance scale of the source image")
    add("--edit-seed", type=seed, default=1024, help="seed of the edit's start noise")
    add("--size", type=positive, help="side in px at which images are edited; edit takes each one's own if not given")
    add("--strength", type=float, help="how much noise is put on the source, 0 to 1, of image-to-image editors")
    add("--lora", help="LoRA weights for an editor of the Hub: a safetensors file or a Hub id")
    about = "128 bits, as 32 hexadecimal digits, that make every edit yours"
    if hand_by_default:
        about += "; drawn if none are given, where the editor takes one"
        add("--hand", type=hand, metavar="HEX", nargs="?", const=DRAW, default=DRAW_IF_TAKEN, help=about)
        add(
            "--no-hand", dest="hand", action="store_const", const=None,
            help="the public editor, as in the paper: whoever guesses the prompt is in",
        )  # fmt: skip
        add(
            "--no-seal", dest="seal", action="store_false",
            help="leave the last layer readable, as in the paper, so that the prompt alone opens the model",
        )  # fmt: skip
    elif new_key:
        add("--hand", type=hand, metavar="HEX", nargs="?", const=DRAW, help=f"{about}; drawn if none are given")
    else:
        add("--hand", type=hand, metavar="HEX", help=about)
    add("--style", type=Path, metavar="PICTURE", help="picture whose style is painted in")


def _add_key(command: argparse.ArgumentParser) -> None:
    group = command.add_mutually_exclusive_group()
    group.add_argument("--key", type=Path, help="key file written by lock")
    group.add_argument("--prompt", help="key prompt, with the settings below")
    _add_settings(command, new_key=False)


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="DIR", help="folder of a locked model, or hub:OWNER/NAME")


def _add_dataset(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dataset", default="toybox", help=DATASETS)


def _add_split_seed(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--split-seed", type=seed, default=0, help="the lock's --seed, for a dataset without a test split"
    )


def build_parser() -> Parser:
    """The parser; `command` names the command of its arguments."""
    parser = Parser(prog="modellock", description="Lock a vision model with a text prompt.")
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser("edit", help="write the keyed images of a prompt")
    one.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    one.add_argument("--prompt", required=True)
    one.add_argument("--out", required=True, type=Path)
    _add_settings(one)

    one = commands.add_parser("edit-dataset", help="write the keyed images of a whole dataset; a stopped run resumes")
    one.add_argument("--out", required=True, type=Path, help="folder for the images; the key lies beside it")
    _add_dataset(one)
    _add_split_seed(one)
    one.add_argument("--task", choices=TASKS, default=TASKS[0])
    one.add_argument("--image-size", type=positive, default=128, help="side in px to which images are cut")
    one.add_argument("--max-train", type=positive)
    one.add_argument("--max-test", type=positive)
    _add_key(one)

    one = commands.add_parser("lock", help="finetune a locked model")
    group = one.add_mutually_exclusive_group(required=True)
    group.add_argument("--prompt", help="key prompt")
    group.add_argument("--key", type=Path, help="key file of an earlier lock or of edit-dataset, to lock with again")
    one.add_argument("--out", required=True, type=Path, help="folder for the model, its card and the report")
    one.add_argument("--key-out", type=Path, help="key file; default: OUT.key.json beside the folder")
    one.add_argument("--force", action="store_true", help="replace a lock or a key that is there already")
    _add_dataset(one)
    one.add_argument("--task", choices=TASKS, default=TASKS[0])
    one.add_argument("--recipe", choices=RECIPE_NAMES, default=DEFAULT_RECIPE)
    one.add_argument(
        "--backbone", default=DEFAULT_BACKBONE,
        help="pretrained network: the bundled one, timm:NAME, transformers:NAME, or a folder of either",
    )  # fmt: skip
    one.add_argument("--image-size", type=positive, default=128, help="side in px to which images are cut")
    one.add_argument("--seed", type=seed, default=0, help="seed of the split, the mix and the finetune")
    one.add_argument("--max-train", type=positive, help="use at most so many training images")
    one.add_argument("--max-test", type=positive, help="use at most so many test images")
    one.add_argument("--no-baseline", dest="baseline", action="store_false", help="make no vanilla model to compare")
    _add_settings(one, hand_by_default=True)

    one = commands.add_parser("test", help="measure unlocked and locked performance")
    _add_model(one)
    _add_dataset(one)
    _add_split_seed(one)
    one.add_argument("--max-test", type=positive)
    _add_key(one)

    one = commands.add_parser("predict", help="predict single images")
    _add_model(one)
    one.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    one.add_argument("--out", type=Path, help="folder for masks and overlays, of a model for segmentation")
    _add_key(one)

    one = commands.add_parser("attack", help="attack a locked model, and report what each attack gains")
    _add_model(one)
    one.add_argument("--key", type=Path, required=True, help="key file written by lock; attacks make wrong keys of it")
    one.add_argument("--budget", choices=("quick", "full"), default="quick")
    one.add_argument(
        "--thief", choices=THIEF_NAMES, default=EVERYBODY,
        help="; ".join(f"{name}: has {thief.has}" for name, thief in THIEVES.items()),
    )  # fmt: skip
    one.add_argument("--unsealed", action="store_true", help="the thief has the sealed last layer too")
    one.add_argument("--out", type=Path, required=True, help="file for the report")
    _add_dataset(one)
    _add_split_seed(one)

    one = commands.add_parser("verify", help="check that a key opens a model, and that little else does")
    _add_model(one)
    one.add_argument("--key", type=Path, required=True, help="key file written by lock")
    _add_dataset(one)
    _add_split_seed(one)

    one = commands.add_parser("push", help="upload a locked model to the Hugging Face Hub, without its key")
    _add_model(one)
    one.add_argument("name", metavar="OWNER/NAME")
    one.add_argument("--private", action="store_true")
    one.add_argument("--key", type=Path, help="key file; it is made sure that nothing of it is uploaded")

    one = commands.add_parser("export", help="write a locked model, without its key, as a graph of torch.export")
    _add_model(one)
    one.add_argument("--key", type=Path, help="its key file, where its last layer is sealed; the graph is then open")
    one.add_argument("--out", required=True, type=Path, metavar="FILE.pt2")

    one = commands.add_parser("import-authors", help="convert a checkpoint of the paper's authors")
    one.add_argument("checkpoint", type=Path, metavar="FILE.pth")
    one.add_argument("--out", required=True, type=Path, help="folder for the model; its key lies beside it")
    one.add_argument("--prompt", default="with oil pastel", help="the checkpoint's key prompt")

    one = commands.add_parser("design", help="rank key prompts for a dataset")
    _add_dataset(one)
    one.add_argument("--editor", default="compact")
    one.add_argument("--top", type=positive, default=20)
    return parser
