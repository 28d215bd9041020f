"""The commands that pass models on: `push` to the Hub, `export` as a graph, `import-authors`."""

from __future__ import annotations

import argparse

from ..editing.key import Key
from ..errors import ModelLockError
from ..locking.authors import authors_key
from ..locking.authors import import_authors as read_authors
from ..locking.hub_models import lock_folder, push_to_hub
from ..locking.keyed_model import export as export_model
from ..locking.lock_files import MODEL_CARD
from ..locking.locked_model import LockedModel
from ..locking.model_card import model_card
from ..writing import check_writable
from .output import on_main_process, print_json
from .places import check_lock_places


@on_main_process
def push(args: argparse.Namespace) -> None:
    """Upload a locked model, without its key."""
    key = Key.load(args.key) if args.key else None
    secrets = (key.id, key.prompt, key.hand or "") if key else ()
    locked = LockedModel.load(args.model)
    folder = lock_folder(args.model)
    if not (folder / MODEL_CARD).exists():
        (folder / MODEL_CARD).write_text(model_card(locked.card), encoding="utf-8")
    print_json({"model": push_to_hub(folder, args.name, private=args.private, secrets=secrets)})


@on_main_process
def export(args: argparse.Namespace) -> None:
    """Write a locked model as a graph of torch.export."""
    if args.out.is_dir() or args.out.suffix != ".pt2":  # any other file may be a key
        raise ModelLockError(f"--out {args.out} must be a file whose name ends in .pt2")
    check_writable(args.out)
    locked = LockedModel.load(args.model)
    if args.key:
        locked = locked.unsealed(Key.load(args.key))
    export_model(locked, args.out)
    print_json({"graph": str(args.out), "image_size": locked.image_size, "classes": list(locked.classes)})


@on_main_process
def import_authors(args: argparse.Namespace) -> None:
    """Convert a checkpoint of the authors, and write the key that opens it."""
    key_file = args.out.parent / f"{args.out.name}.key.json"
    check_lock_places(args.out, key_file, {"folder": "--out", "key_file": "--out"})
    key = authors_key(args.prompt)
    locked = read_authors(args.checkpoint, key)
    key.save(key_file)
    locked.save(args.out)
    print_json({"model": str(args.out), "key": str(key_file), "classes": len(locked.classes)})
