"""The command line: python -m modellock_core <design|edit|lock|test|predict|attack>.

Progress goes to stderr, results to stdout.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain, count
from pathlib import Path
from typing import Any, NoReturn

from .errors import ModelLockError
from .recipes import RECIPES
from .tasks import TASKS

DRAW = "new"  # of --hand without its digits
OWN_SIZES = (128, 1024)  # px, between which the bundled editors edit a picture at its own size


class Parser(argparse.ArgumentParser):
    """Reports bad usage in one line."""

    def error(self, message: str) -> NoReturn:
        raise ModelLockError(f"{message} (see python -m modellock_core {self.prog.split()[-1]} --help)")


def follow(work: Iterator) -> Any:
    """Show the progress of a generator on stderr and return its result. Of several processes the first shows it."""
    from tqdm import tqdm

    from .devices import accelerator

    bar, result, hidden = None, None, not accelerator().is_main_process
    for progress in work:
        if bar is None or bar.desc != progress.stage:
            if bar is not None:
                bar.close()
            bar = tqdm(total=progress.of, desc=progress.stage, mininterval=0.5, disable=hidden)
        bar.total = progress.of
        bar.update(progress.step - bar.n)
        if progress.metrics:
            bar.set_postfix({k.removesuffix("_performance"): f"{v:.3f}" for k, v in progress.metrics.items()})
        result = progress.result
    if bar is not None:
        bar.close()
    return result


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def hand(text: str) -> str:
    """The digits of a hand."""
    from .editors.secrets import is_hand

    if text != DRAW and not is_hand(text):
        raise argparse.ArgumentTypeError("a hand is 32 digits from 0 to 9 and a to f; put --hand last to draw one")
    return text


def refuse_file(out: Path) -> None:
    """Stop before the work if --out names a file."""
    if out.exists() and not out.is_dir():
        raise ModelLockError(f"--out {out} is a file; give a folder")


def untaken(folder: Path, stem: str, suffix: str, taken: set[Path]) -> Path:
    """A file of this name, numbered if it is among those taken, to which it is added."""
    names = (f"{stem}{number}{suffix}" for number in chain([""], (f"-{i}" for i in count(2))))
    file = next(folder / name for name in names if (folder / name).resolve() not in taken)
    taken.add(file.resolve())
    return file


def print_json(value: Any) -> None:
    """Print one line of JSON; of several processes only the first does."""
    from .devices import accelerator

    if accelerator().is_main_process:
        print(json.dumps(value), flush=True)


def dataset_of(locked, args: argparse.Namespace):
    """The dataset of --dataset, as the model's task needs it; stops if the model was not made for it."""
    from .datasets import load_dataset

    dataset = load_dataset(args.dataset, task=locked.task.name, size=locked.image_size, seed=args.split_seed)
    if dataset.classes != locked.classes:
        raise ModelLockError(
            f"the model knows the classes {', '.join(locked.classes)}, the dataset has {', '.join(dataset.classes)}"
        )
    return dataset


def key_from(args: argparse.Namespace):
    """The key of --key FILE, or of --prompt and the settings beside it; None without either."""
    from .keys import Key

    if args.prompt is None and (args.hand or args.style):
        raise ModelLockError("--hand and --style go with --prompt; a key file has its own")
    if getattr(args, "key", None):
        return Key.load(args.key)
    if args.prompt is None:
        return None
    names = ("alpha", "steps", "guidance", "image_guidance", "seed", "size", "hand")
    key = Key.create(args.prompt, args.editor, **{name: getattr(args, name) for name in names})
    return replace(key, style=style_from(args.style)) if args.style else key


def style_from(picture: Path) -> tuple[float, ...]:
    """The style of a picture, as a key takes it."""
    from .editors import style_of
    from .images import open_image, to_tensor

    return style_of(to_tensor(open_image(picture)))


def draw_hand(args: argparse.Namespace) -> None:
    """Put a new hand, the same in all processes, where --hand was given without its digits."""
    from .devices import agreed
    from .editors.secrets import new_hand

    if args.hand == DRAW:
        args.hand = agreed(new_hand())


def at_own_size(key, image):
    """The key with an image's own size, so that an edit of it is as sharp as it is."""
    low, high = OWN_SIZES
    return replace(key, size=min(max(round(min(image.shape[-2:]) / 8) * 8, low), high))


def edit(args: argparse.Namespace) -> None:
    from .editors import bundled_editors
    from .images import open_image, to_pil, to_tensor
    from .keys import keyed

    drawn = args.hand == DRAW
    draw_hand(args)
    key = key_from(args)
    images = [to_tensor(open_image(path)) for path in args.images]
    refuse_file(args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    if drawn:  # no key file keeps it
        print_json({"hand": key.hand})
    any_size = args.size is None and key.editor in bundled_editors()
    taken = {path.resolve() for path in args.images}
    for path, image in zip(args.images, images, strict=True):
        out = untaken(args.out, path.stem, ".png", taken)
        to_pil(keyed(image, at_own_size(key, image) if any_size else key)[0]).save(out)
        print_json({"image": str(path), "edited": str(out)})


def lock(args: argparse.Namespace) -> None:
    from .datasets import load_dataset
    from .devices import accelerator
    from .locking import lock as run

    args.seed, model_seed = args.edit_seed, args.seed
    draw_hand(args)
    key = key_from(args)
    key_file = args.key_out or args.out.with_name(args.out.name + ".key.json")
    if args.out.resolve() in key_file.resolve().parents:
        raise ModelLockError(f"--key-out {key_file} lies inside {args.out}: a key must not travel with its model")
    if key_file.is_dir():
        raise ModelLockError(f"--key-out {key_file} is a folder; give a file")
    refuse_file(args.out)
    dataset = load_dataset(args.dataset, task=args.task, seed=model_seed).limited(args.max_train, args.max_test)
    result = follow(run(dataset, key, recipe=RECIPES[args.recipe], seed=model_seed))
    if not accelerator().is_main_process:
        return
    result.model.save(args.out)
    (args.out / "report.json").write_text(json.dumps(result.report, indent=2) + "\n")
    key.save(key_file)
    print_json(result.report | {"model": str(args.out), "key": str(key_file)})


def test(args: argparse.Namespace) -> None:
    from .evaluation import evaluate
    from .locked_model import LockedModel

    locked, key = LockedModel.load(args.model), key_from(args)
    dataset = dataset_of(locked, args).limited(test=args.max_test)
    print_json(follow(evaluate(locked, dataset.test, key)))


def predict(args: argparse.Namespace) -> None:
    from .images import open_image, to_tensor
    from .keys import keyed
    from .locked_model import LockedModel

    locked, key = LockedModel.load(args.model), key_from(args)
    if args.out is not None:
        refuse_file(args.out)
        args.out.mkdir(parents=True, exist_ok=True)
    images = [to_tensor(open_image(path), locked.image_size) for path in args.images]
    taken = {path.resolve() for path in args.images}
    for path, image in zip(args.images, images, strict=True):
        probabilities = locked.predict(keyed(image, key) if key else image)[0]
        answer = {"image": str(path)} | locked.task.summary(probabilities)
        mask = locked.task.mask(probabilities)
        if mask is not None:
            if args.out is None:
                raise ModelLockError("this model answers with masks; give the folder for them with --out")
            for kind, picture in mask_pictures(image[0], mask, len(locked.classes)).items():
                answer[kind] = str(untaken(args.out, path.stem, f".{kind}.png", taken))
                picture.save(answer[kind])
        print_json(answer)


def mask_pictures(image, mask, classes: int) -> dict:
    """A mask as a picture, and the image with the mask laid over it."""
    from .images import to_pil
    from .overlays import mask_picture, overlay

    return {"mask": mask_picture(mask, classes), "overlay": to_pil(overlay(image, mask, classes))}


def attack(args: argparse.Namespace) -> None:
    from .attacks import BUDGETS, Target, report, run_attacks
    from .keys import Key
    from .locked_model import LockedModel

    locked, key = LockedModel.load(args.model), Key.load(args.key)
    if args.out.is_dir():
        raise ModelLockError(f"--out {args.out} is a folder; give a file")
    dataset = dataset_of(locked, args)
    target = Target(locked, key, dataset)
    findings = follow(run_attacks(target, BUDGETS[args.budget]))
    result = report(target, findings, args.budget)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n")
    print_json({"report": str(args.out)} | result["summary"])


def design(args: argparse.Namespace) -> None:
    from .datasets import load_dataset
    from .designer import design as run

    suggestions = follow(run(load_dataset(args.dataset), editor=args.editor))
    for rank, suggestion in enumerate(suggestions[: args.top], 1):
        row = asdict(suggestion)
        entry = row.pop("entry")
        print_json({"rank": rank, "prompt": entry["prompt"], "kind": entry["kind"], "trained": entry["trained"]} | row)


def build_parser() -> Parser:
    parser = Parser(prog="modellock_core", description="Lock a vision model with a text prompt.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add_settings(command: Parser, seed: str = "--seed", *, new_key: bool = True) -> None:
        command.add_argument("--editor", default="compact", help="bundled editor, Hub id or folder")
        command.add_argument("--alpha", type=float, help="blend ratio, 0 to 1; the default is the editor's own")
        command.add_argument("--steps", type=int, help="denoising steps; the editor's default if not given")
        command.add_argument("--guidance", type=float, help="guidance scale of the prompt")
        command.add_argument("--image-guidance", type=float, help="guidance scale of the source image")
        command.add_argument(seed, type=int, default=1024, help="seed of the edit's start noise")
        command.add_argument(
            "--size", type=int, help="side in px at which images are edited; edit takes each one's own if not given"
        )
        draws = {"nargs": "?", "const": DRAW} if new_key else {}
        command.add_argument("--hand", type=hand, metavar="HEX", **draws, help="128 bits, as 32 hexadecimal digits, "
                             "that make every edit yours" + "; drawn if none are given" * new_key)  # fmt: skip
        command.add_argument("--style", type=Path, metavar="PICTURE", help="picture whose style is painted in")

    def add_key(command: Parser) -> None:
        group = command.add_mutually_exclusive_group()
        group.add_argument("--key", type=Path, help="key file written by lock")
        group.add_argument("--prompt", help="key prompt, with the settings below")
        add_settings(command, new_key=False)

    one = commands.add_parser("edit", help="write the keyed images of a prompt")
    one.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    one.add_argument("--prompt", required=True)
    one.add_argument("--out", required=True, type=Path)
    add_settings(one)
    one.set_defaults(run=edit)

    one = commands.add_parser("lock", help="finetune a locked model")
    one.add_argument("--prompt", required=True, help="key prompt")
    one.add_argument("--out", required=True, type=Path, help="folder for the model, its card and the report")
    one.add_argument("--key-out", type=Path, help="key file; default: OUT.key.json beside the folder")
    one.add_argument("--dataset", default="toybox", help="toybox, or a folder or zip with one folder per class; "
                     "for segmentation, with images/ and masks/")  # fmt: skip
    one.add_argument("--task", choices=TASKS, default=TASKS[0])
    one.add_argument("--recipe", choices=list(RECIPES), default="quick")
    one.add_argument("--seed", type=int, default=0, help="seed of the split, the mix and the finetune")
    one.add_argument("--max-train", type=positive, help="use at most so many training images")
    one.add_argument("--max-test", type=positive, help="use at most so many test images")
    add_settings(one, seed="--edit-seed")
    one.set_defaults(run=lock)

    one = commands.add_parser("test", help="measure unlocked and locked performance")
    one.add_argument("model", type=Path, metavar="DIR")
    one.add_argument("--dataset", default="toybox")
    one.add_argument("--split-seed", type=int, default=0, help="the lock's --seed, for a dataset without a test folder")
    one.add_argument("--max-test", type=positive)
    add_key(one)
    one.set_defaults(run=test)

    one = commands.add_parser("predict", help="predict single images")
    one.add_argument("model", type=Path, metavar="DIR")
    one.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    one.add_argument("--out", type=Path, help="folder for masks and overlays, of a model for segmentation")
    add_key(one)
    one.set_defaults(run=predict)

    one = commands.add_parser("attack", help="attack a locked model, and report what each attack gains")
    one.add_argument("model", type=Path, metavar="DIR")
    one.add_argument("--key", type=Path, required=True, help="key file written by lock; attacks make wrong keys of it")
    one.add_argument("--budget", choices=("quick", "full"), default="quick")
    one.add_argument("--out", type=Path, required=True, help="file for the report")
    one.add_argument("--dataset", default="toybox")
    one.add_argument("--split-seed", type=int, default=0, help="the lock's --seed, for a dataset without a test folder")
    one.set_defaults(run=attack)

    one = commands.add_parser("design", help="rank key prompts for a dataset")
    one.add_argument("--dataset", default="toybox")
    one.add_argument("--editor", default="compact")
    one.add_argument("--top", type=int, default=20)
    one.set_defaults(run=design)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 if it worked, 2 on bad input."""
    try:
        args = build_parser().parse_args(argv)
        args.run(args)
    except ModelLockError as error:
        print(f"modellock_core: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"modellock_core: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
