"""An edited dataset as files: every image keyed, in folders that `load_dataset` reads."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from PIL import Image

from ..data.dataset import Dataset, Split
from ..data.images import to_pil
from ..data.targets import Masks
from ..devices import accelerator, own_share
from ..errors import ModelLockError
from ..work import Progress, Steps, work
from ..writing import file_replaced
from .edited_dataset import EditedImages, chunk_of
from .editors import Editor, load_editor
from .key import Key

STAGE = "Editing images"
CHUNK = 32  # images between two progress reports


@work
def write_edited(dataset: Dataset, key: Key, folder: Path, editor: Editor | None = None) -> Steps[int]:
    """Write the keyed images of a dataset, and the masks or the class folders that they belong to.

    Images that are there already are not edited again. Every process does its share.

    Returns:
        Work that makes the number of images.

    Raises:
        ModelLockError: an image can't be written, as when the disk is full.
    """
    editor = editor or load_editor(key.editor)
    files = [(split, path) for split, paths in _files(dataset, folder) for path in paths]
    done = 0
    for split, paths in _files(dataset, folder):
        edited = EditedImages(split.images, key, editor)
        share = own_share(len(paths))
        for rows in share.split(chunk_of(edited, CHUNK)):
            missing = torch.tensor([row for row in rows.tolist() if not paths[row].exists()], dtype=torch.long)
            images = edited[missing] if len(missing) else None
            for i, row in enumerate(missing.tolist()):
                assert images is not None
                _save(to_pil(images[i]), paths[row])
                if isinstance(split.targets, Masks):
                    mask = split.targets.values[row].cpu().numpy()
                    _save(Image.fromarray(mask), folder / "masks" / paths[row].name)
            done += len(rows)
            yield Progress(STAGE, done, len(files), preview=images, unit="image")
    if dataset.task == "segmentation" and accelerator().is_main_process:
        (folder / "classes.txt").write_text("\n".join(dataset.classes) + "\n")
    return len(files)


def _files(dataset: Dataset, folder: Path) -> list[tuple[Split, list[Path]]]:
    """Where the images of both splits go."""
    names = class_folders(dataset.classes)
    found = []
    for part, split in (("train", dataset.train), ("test", dataset.test)):
        if isinstance(split.targets, Masks):
            paths = [folder / "images" / f"{part}-{i:06d}.png" for i in range(len(split))]
        else:
            paths = [folder / part / names[c] / f"{i:06d}.png" for i, c in enumerate(split.targets.values.tolist())]
        found.append((split, paths))
    return found


def class_folders(classes: tuple[str, ...]) -> list[str]:
    """A folder name for each class, sorted as the classes are, without what a file system might not take."""
    digits = len(str(len(classes)))
    plain = [re.sub(r"[^\w .()-]", "_", name).strip(" .") for name in classes]
    if plain == sorted(set(classes)):
        return plain
    return [f"{i:0{digits}d} {name}" for i, name in enumerate(plain)]


def _save(picture: Image.Image, path: Path) -> None:
    """Write a picture whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_replaced(path) as place:
            picture.save(place, format="PNG")
    except OSError as error:
        raise ModelLockError(
            f"{path} can't be written ({error.strerror or error}); what was edited before is kept: make room and start "
            "again, it resumes"
        ) from None
