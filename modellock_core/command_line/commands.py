"""What each command does, from its parsed arguments."""

from __future__ import annotations

import argparse
import json

from ..data.dataset import Dataset
from ..data.images import open_image, to_pil, to_tensor
from ..data.sources import load_dataset
from ..devices import accelerator
from ..editing.designer import design as rank_prompts
from ..editing.key import Key, apply_key
from ..errors import ModelLockError
from ..evaluation.attacks import BUDGETS, AttackReport, Target, attack_report, run_attacks
from ..evaluation.performance import evaluate
from ..evaluation.thieves import attacks_of
from ..evaluation.verification import verify as verify_key
from ..locking.baseline import baseline
from ..locking.lock import Lock
from ..locking.lock import lock as lock_model
from ..locking.locked_model import LockedModel
from ..locking.model_card import MODEL_CARD, model_card
from ..locking.recipe import RECIPES
from ..records import from_json, to_json
from .arguments import DRAW
from .keys import at_own_size, draw_hand, key_of, key_of_prompt
from .output import print_json, refuse_file, untaken, write_json
from .progress_bar import follow


def edit(args: argparse.Namespace) -> None:
    """Write keyed images."""
    drawn = args.hand == DRAW
    draw_hand(args)
    key = key_of_prompt(args)
    images = [to_tensor(open_image(path)) for path in args.images]
    refuse_file(args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    if drawn:  # no key file keeps it
        print_json({"hand": key.hand})
    taken = {path.resolve() for path in args.images}
    for path, image in zip(args.images, images, strict=True):
        out = untaken(args.out, path.stem, ".png", taken)
        to_pil(apply_key(image, at_own_size(key, image) if args.size is None else key)[0]).save(out)
        print_json({"image": str(path), "edited": str(out)})


def lock(args: argparse.Namespace) -> None:
    """Lock a model; it is written before the vanilla model is made, which only measures."""
    draw_hand(args)
    key = key_of_prompt(args)
    key_file = args.key_out or args.out.parent / f"{args.out.name}.key.json"
    if args.out.resolve() in key_file.resolve().parents:
        raise ModelLockError(f"--key-out {key_file} lies inside {args.out}: a key must not travel with its model")
    if key_file.is_dir():
        raise ModelLockError(f"--key-out {key_file} is a folder; give a file")
    refuse_file(args.out)
    dataset = load_dataset(args.dataset, task=args.task, size=args.image_size, seed=args.seed)
    dataset = dataset.limited(args.max_train, args.max_test)
    for folder in (args.out, key_file.parent):  # now, not after the work, if they can't be made
        folder.mkdir(parents=True, exist_ok=True)
    settings = {"recipe": RECIPES[args.task][args.recipe], "backbone": args.backbone, "seed": args.seed}

    def write(locked: Lock) -> None:
        if accelerator().is_main_process:
            key.save(key_file)
            locked.model.save(args.out)
            (args.out / MODEL_CARD).write_text(model_card(locked.model.card, locked.report), encoding="utf-8")
            write_json(args.out / "report.json", to_json(locked.report))

    locked = follow(lock_model(dataset, key, **settings))
    write(locked)
    if args.baseline:
        locked = locked.with_baseline(follow(baseline(dataset, **settings)))
        write(locked)
    print_json(to_json(locked.report) | {"model": str(args.out), "key": str(key_file)})


def test(args: argparse.Namespace) -> None:
    """Measure UP and LP."""
    locked, key = LockedModel.load(args.model), key_of(args)
    dataset = _dataset_of(locked, args).limited(test=args.max_test)
    print_json(to_json(follow(evaluate(locked, dataset.test, key))))


def predict(args: argparse.Namespace) -> None:
    """Answer single images."""
    locked, key = LockedModel.load(args.model), key_of(args)
    if args.out is not None:
        refuse_file(args.out)
        args.out.mkdir(parents=True, exist_ok=True)
    images = [to_tensor(open_image(path), locked.image_size) for path in args.images]
    taken = {path.resolve() for path in args.images}
    for path, image in zip(args.images, images, strict=True):
        probabilities = locked.predict(apply_key(image, key) if key else image)[0]
        prediction = locked.task.prediction(probabilities)
        answer = {"image": str(path)} | prediction.to_json()
        for kind, picture in prediction.pictures(image[0]).items():
            if args.out is None:
                raise ModelLockError("this model answers with masks; give the folder for them with --out")
            file = untaken(args.out, path.stem, f".{kind}.png", taken)
            picture.save(file)
            answer[kind] = str(file)
        print_json(answer)


def attack(args: argparse.Namespace) -> None:
    """Attack a locked model; the report is written after each attack, and attacks that are in it are not run again."""
    locked, key = LockedModel.load(args.model), Key.load(args.key)
    if args.out.is_dir():
        raise ModelLockError(f"--out {args.out} is a folder; give a file")
    target = Target(locked, key, _dataset_of(locked, args))
    report = _begun_report(args, locked) or attack_report(target, (), args.budget, ())
    for name in attacks_of(args.thief):
        if name not in report.attacks:
            found = follow(run_attacks(target, BUDGETS[args.budget], (name,)))
            report = attack_report(target, (*report.findings, *found), args.budget, (*report.attacks, name))
            write_json(args.out, to_json(report))
    print_json({"report": str(args.out)} | to_json(report)["summary"])


def _begun_report(args: argparse.Namespace, locked: LockedModel) -> AttackReport | None:
    """The report that an earlier run of the same attacks has left."""
    if not args.out.exists():
        return None
    try:
        values = json.loads(args.out.read_text())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        values = None
    report = from_json(AttackReport, values, f"the report {args.out}") if isinstance(values, dict) else None
    if report is None or (report.key_hash, report.budget) != (locked.card.key_hash, args.budget):
        raise ModelLockError(f"--out {args.out} is there and is no report of these attacks; give another file")
    return report


def verify(args: argparse.Namespace) -> None:
    """Check a key; exits with 1 if a check fails."""
    locked, key = LockedModel.load(args.model), Key.load(args.key)
    verification = follow(verify_key(locked, key, _dataset_of(locked, args)))
    for check in verification.checks:
        print_json(to_json(check))
    if not verification.passed:
        raise SystemExit(1)


def design(args: argparse.Namespace) -> None:
    """Rank key prompts for a dataset."""
    suggestions = follow(rank_prompts(load_dataset(args.dataset), editor=args.editor))
    for rank, suggestion in enumerate(suggestions[: args.top], 1):
        row = to_json(suggestion)
        entry = row.pop("entry")
        print_json({"rank": rank, "prompt": entry["prompt"], "kind": entry["kind"], "trained": entry["trained"]} | row)


def _dataset_of(locked: LockedModel, args: argparse.Namespace) -> Dataset:
    """The dataset of --dataset, as the model's task needs it; stops if the model was not made for it."""
    dataset = load_dataset(args.dataset, task=locked.task.name, size=locked.image_size, seed=args.split_seed)
    if dataset.classes != locked.classes:
        raise ModelLockError(
            f"the model knows the classes {', '.join(locked.classes)}, the dataset has {', '.join(dataset.classes)}"
        )
    return dataset
