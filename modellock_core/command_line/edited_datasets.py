"""The command `edit-dataset`: keyed images of a whole dataset, as files."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from ..data.sources import load_dataset
from ..devices import accelerator
from ..editing.editors import load_editor
from ..editing.key import Key
from ..editing.written_dataset import write_edited
from ..errors import ModelLockError
from .keys import draw_hand, key_of
from .output import print_json, refuse_file
from .progress_bar import follow
from .resuming import begin


def edit_dataset(args: argparse.Namespace) -> None:
    """Edit a dataset; a stopped run resumes."""
    draw_hand(args)
    refuse_file(args.out)
    key_file = args.out.parent / f"{args.out.name}.key.json"
    key = _begun_key(key_of(args), key_file)
    editor = load_editor(key.editor)
    key = key.pinned(editor)
    dataset = load_dataset(args.dataset, task=args.task, size=args.image_size, seed=args.split_seed)
    dataset = dataset.limited(args.max_train, args.max_test)
    args.out.mkdir(parents=True, exist_ok=True)
    begin(args.out, dataset)
    if accelerator().is_main_process:
        key.save(key_file)
    count = follow(write_edited(dataset, key, args.out, editor))
    print_json({"images": count, "folder": str(args.out), "key": str(key_file)})


def _begun_key(key: Key | None, file: Path) -> Key:
    """The key, with the id and the versions of weights that an earlier run has given it."""
    if key is None:
        raise ModelLockError("edit-dataset needs a key; give --prompt, or --key FILE")
    if not file.exists():
        return key
    before = Key.load(file)
    given = {name: getattr(key, name) for name in ("id", "editor_version", "lora_version")}
    if replace(before, **given) != key:
        raise ModelLockError(f"{file} is another key than the one given; give another --out")
    return before
