"""Train the network that finds a picture's subject, on cut-outs pasted on photographs while it trains.

The cut-outs of Toybox's test split are left out, so that its masks can measure the result. Takes 12 minutes on a core.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from modellock_core.editing.editors.subject_finder import SubjectFinder

from .make_toybox import CLASSES

FOLDERS = ("animals", "vehicles", "food", "hobbies", "plants", "household", "town", "clothes", "sports", "symbols",
           "space", "seasonal", "people")  # fmt: skip
BACKGROUND_OBJECTS = 0.4  # of the pictures have a smaller cut-out behind the subject
NOTHING = 0.06  # of the pictures have no subject


def subjects(stamps: Path) -> list[Path]:
    """Cut-outs that Toybox's test split does not use."""
    test = {f"{c.folder}/{name}" for c in CLASSES.values() for name in c.test.split()}
    files = sorted(f for folder in FOLDERS for f in (stamps / folder).rglob("*.png"))
    return [f for f in files if str(f.relative_to(stamps).with_suffix("")) not in test]


class Composites(IterableDataset):
    """Endless batches of pictures (N, 3, S, S) and their subjects' mattes (N, 1, S, S)."""

    def __init__(self, sources: Path, stamps: Path, batch: int, seed: int):
        self.sources, self.stamps, self.batch, self.seed = sources, stamps, batch, seed

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        cv2.setNumThreads(1)
        rng = random.Random(self.seed)
        backgrounds = np.load(self.sources, mmap_mode="r")
        cutouts = []
        for file in subjects(self.stamps):
            image = Image.open(file).convert("RGBA")
            if (box := image.getbbox()) and max(box[2] - box[0], box[3] - box[1]) >= 90:
                image = image.crop(box)
                image.thumbnail((280, 280), Image.Resampling.LANCZOS)
                cutouts.append(np.asarray(image, np.float32) / 255)
        while True:
            side = rng.choice((128, 128, 160, 224))
            count = round(self.batch * (128 / side) ** 2)
            rows = [self.composite(rng, backgrounds, cutouts, side) for _ in range(count)]
            yield tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))

    def composite(self, rng, backgrounds, cutouts, side) -> tuple[np.ndarray, np.ndarray]:
        # a small part of a picture is rarely a subject of its own
        part = rng.randint(110, 300)
        y, x = (rng.randint(0, backgrounds.shape[1] - part) for _ in "yx")
        picture = backgrounds[rng.randrange(len(backgrounds))][y : y + part, x : x + part]
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        matte = np.zeros((side, side), np.float32)
        if rng.random() < BACKGROUND_OBJECTS:
            picture, _ = paste(picture, rng.choice(cutouts), rng, (0.2, 0.45))
        if rng.random() > NOTHING:
            picture, matte = paste(picture, rng.choice(cutouts), rng, (0.5, 1.0))
        gain, shift = rng.uniform(0.75, 1.25), rng.uniform(-0.08, 0.08)
        picture = np.clip(picture * gain + shift, 0, 1)
        if rng.random() < 0.3:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.0) * side / 128)
        return picture.transpose(2, 0, 1).astype(np.float32), matte[None]


def paste(picture: np.ndarray, cutout: np.ndarray, rng: random.Random, sizes: tuple[float, float]):
    """A cut-out (h, w, 4) turned, mirrored and pasted on a picture (S, S, 3): the picture and the matte (S, S)."""
    side = len(picture)
    height, width = cutout.shape[:2]
    scale = rng.uniform(*sizes) * side / max(height, width)
    angle = math.radians(rng.uniform(-15, 15))
    across, down = scale * math.cos(angle), scale * math.sin(angle)
    mirror = rng.choice((1, -1))
    matrix = np.array([[across * mirror, -down, 0], [down * mirror, across, 0]], np.float32)
    room = max(0.0, side - scale * max(height, width))
    centre = [side / 2 + rng.uniform(-0.6, 0.6) * (room / 2 + 0.1 * side) for _ in "xy"]
    matrix[:, 2] = np.array(centre) - matrix[:, :2] @ np.array([width / 2, height / 2])
    premultiplied = np.concatenate([cutout[..., :3] * cutout[..., 3:], cutout[..., 3:]], -1)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    layer = cv2.warpAffine(premultiplied, matrix, (side, side), flags=flags)
    matte = layer[..., 3]
    return picture * (1 - matte[..., None]) + layer[..., :3], matte


def matte_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Binary cross-entropy and Dice loss."""
    matte = logits.sigmoid()
    overlap = (2 * (matte * wanted).sum((1, 2, 3)) + 1) / (matte.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)
    return F.binary_cross_entropy_with_logits(logits, wanted) + (1 - overlap).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True, help="sources.npy of render_paintings.py")
    parser.add_argument("--stamps", type=Path, required=True, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--batch", type=int, default=24, help="pictures of 128 px a step")
    parser.add_argument("--start", type=Path, help="a trained finder to go on from")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    finder = SubjectFinder()
    if args.start:
        finder = SubjectFinder.from_pretrained(args.start, torch_dtype=torch.float32).train()
    finder = finder.to(memory_format=torch.channels_last)
    average = AveragedModel(finder, multi_avg_fn=get_ema_multi_avg_fn(0.995))
    optimizer = torch.optim.AdamW(finder.parameters(), lr=2e-3, weight_decay=1e-3)
    begun, losses = time.monotonic(), []
    loader = DataLoader(Composites(args.sources, args.stamps, args.batch, args.seed), batch_size=None, num_workers=1)
    for step, (pictures, mattes) in enumerate(loader):
        done = (time.monotonic() - begun) / 60 / args.minutes
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 100) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * done)))
        loss = matte_loss(finder(pictures), mattes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update_parameters(finder)
        losses.append(loss.item())
        if step % 100 == 99:
            print(f"{done:.0%}, step {step + 1}, loss {np.mean(losses[-100:]):.4f}", flush=True)
    average.module.half().save_pretrained(args.out)


if __name__ == "__main__":
    main()
