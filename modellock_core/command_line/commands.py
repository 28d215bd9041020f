"""What each command does, from its parsed arguments."""

from __future__ import annotations

import argparse
from contextlib import suppress

from ..data.dataset import Dataset
from ..data.images import open_image, to_pil, to_tensor
from ..data.sources import load_dataset
from ..devices import accelerator
from ..editing.designer import design as rank_prompts
from ..editing.editors import bundled_editors
from ..editing.editors.key_secrets import new_hand
from ..editing.key import Key, apply_key
from ..errors import ModelLockError
from ..evaluation.attacks import BUDGETS, AttackReport, Target, attack_report, run_attacks
from ..evaluation.performance import evaluate
from ..evaluation.thieves import attacks_of
from ..evaluation.verification import verify as verify_key
from ..locking.authors import UNUSED
from ..locking.baseline import baseline
from ..locking.checks import check_key
from ..locking.lock import Lock
from ..locking.lock import lock as lock_model
from ..locking.locked_model import LockedModel
from ..locking.recipe import RECIPES
from ..locking.saving import save_lock
from ..locking.seal import is_sealing
from ..reading import read_json
from ..records import from_json, to_json
from ..writing import check_writable
from .arguments import DRAW
from .edited_datasets import edit_dataset as edit_dataset
from .keys import at_own_size, draw_hand, key_of, key_of_prompt
from .output import on_main_process, print_json, refuse_file, untaken, write_json
from .places import check_lock_places
from .progress_bar import follow
from .resuming import begin, finish
from .transfer import export as export
from .transfer import import_authors as import_authors
from .transfer import push as push

MAX_REPORT = 64 * 2**20  # bytes


@on_main_process
def edit(args: argparse.Namespace) -> None:
    """Write keyed images."""
    drawn = args.hand == DRAW
    if drawn:
        args.hand = new_hand()
    key = key_of_prompt(args)
    check_key(key)
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
    if args.key:
        key = Key.load(args.key)
    else:
        draw_hand(args)
        key = key_of_prompt(args)
    check_key(key)
    key_file = args.key_out or args.out.parent / f"{args.out.name}.key.json"
    options = {"folder": "--out", "key_file": "--key-out"}
    check_lock_places(args.out, key_file, options, force=args.force, may_force=True)
    dataset = load_dataset(args.dataset, task=args.task, size=args.image_size, seed=args.seed)
    dataset = dataset.limited(args.max_train, args.max_test)
    hours = key.editor not in bundled_editors()
    if hours:
        begin(args.out, dataset)
    settings = {"recipe": RECIPES[args.task][args.recipe], "backbone": args.backbone, "seed": args.seed}

    def write(locked: Lock) -> None:
        if accelerator().is_main_process:
            save_lock(locked, args.out, key_file, seal=args.seal and is_sealing(key))

    locked = follow(lock_model(dataset, key, **settings))
    write(locked)
    if hours:
        finish(args.out)
    if args.baseline:
        locked = locked.with_baseline(follow(baseline(dataset, **settings)))
        write(locked)
    print_json(to_json(locked.report) | {"model": str(args.out), "key": str(key_file)})


def test(args: argparse.Namespace) -> None:
    """Measure UP and LP."""
    locked, key = _model_and_key(args)
    test = _dataset_of(locked, args).limited(test=args.max_test).test
    keyed = test
    if key is not None and key.keying == "authors":  # who crop clean images, and squash those that they edit
        keyed = _dataset_of(locked, args, fit="squash").limited(test=args.max_test).test
    print_json(to_json(follow(evaluate(locked, test, key, keyed=keyed))))


@on_main_process
def predict(args: argparse.Namespace) -> None:
    """Answer single images."""
    locked, key = _model_and_key(args)
    if locked.task.dense and args.out is None:
        raise ModelLockError("this model answers with masks; give the folder for them with --out")
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
            file = untaken(args.out, path.stem, f".{kind}.png", taken)
            picture.save(file)
            answer[kind] = str(file)
        print_json(answer)


def attack(args: argparse.Namespace) -> None:
    """Attack a locked model; the report is written after each attack, and attacks that are in it are not run again."""
    locked, key = LockedModel.load(args.model), Key.load(args.key)
    if args.unsealed:
        locked = locked.unsealed(key)
    if args.out.is_dir():
        raise ModelLockError(f"--out {args.out} is a folder; give a file")
    check_writable(args.out)
    target = Target(locked, key, _dataset_of(locked, args))
    report = _begun_report(args, locked) or attack_report(target, (), args.budget, ())
    accelerator().wait_for_everyone()  # all have read it
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
    values = None
    with suppress(ModelLockError):
        values = read_json(args.out, f"the report {args.out}", MAX_REPORT)
    report = from_json(AttackReport, values, f"the report {args.out}") if isinstance(values, dict) else None
    state = (locked.card.key_hash, args.budget, locked.sealed_layer is not None)
    if report is None or (report.key_hash, report.budget, report.sealed) != state:
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


@on_main_process
def design(args: argparse.Namespace) -> None:
    """Rank key prompts for a dataset."""
    suggestions = follow(rank_prompts(load_dataset(args.dataset), editor=args.editor))
    for rank, suggestion in enumerate(suggestions[: args.top], 1):
        row = to_json(suggestion)
        entry = row.pop("entry")
        print_json({"rank": rank, "prompt": entry["prompt"], "kind": entry["kind"], "trained": entry["trained"]} | row)


def _model_and_key(args: argparse.Namespace) -> tuple[LockedModel, Key | None]:
    """The model, and the key that the command line names; a sealed model needs its own key file."""
    locked, key = LockedModel.load(args.model), key_of(args)
    if locked.sealed_layer is not None and (key is None or args.key is None):
        raise ModelLockError(f"the last layer of {args.model} is sealed; give the key file written by lock with --key")
    return (locked if key is None else locked.unsealed(key)), key


def _dataset_of(locked: LockedModel, args: argparse.Namespace, fit: str = "crop") -> Dataset:
    """The dataset of --dataset, as the model's task needs it; stops if the model was not made for it.

    A model may have outputs after those of the dataset's classes, as the authors' has.
    """
    dataset = load_dataset(args.dataset, task=locked.task.name, size=locked.image_size, seed=args.split_seed, fit=fit)
    if dataset.classes != tuple(name for name in locked.classes if name != UNUSED):
        raise ModelLockError(
            f"the model knows the classes {', '.join(locked.classes)}, the dataset has {', '.join(dataset.classes)}"
        )
    return dataset
