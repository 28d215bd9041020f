"""Teach the object sketch its pictures; takes 8 minutes on a core.

The codes begin as the principal components of the pictures' patches; codes and network are then fitted together.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from modellock_core.editing.editors.object_sketch import ObjectSketch

from .cutouts import MIRRORED_NEVER, SKY, WIDE, load_cutouts

# compact-b has fewer numbers for a patch: it draws the same things more coarsely
NETWORKS = {"compact": {}, "compact-b": {"code_channels": 16, "width": 16, "side": 96}}


@torch.no_grad()
def begin_with_components(sketch: ObjectSketch, pictures: Tensor) -> None:
    """Set codes and patches to the principal components of the pictures (N, 4, S, S)."""
    patches = F.pixel_unshuffle(pictures, sketch.patch)  # (N, 256, S/8, S/8)
    rows = patches.permute(0, 2, 3, 1).flatten(0, 2)
    mean = rows.mean(0)
    _, _, components = torch.pca_lowrank(rows - mean, q=sketch.config.code_channels, center=False, niter=4)
    codes = (rows - mean) @ components
    spread = codes.std(0)
    sketch.codes.copy_((codes / spread).view(*patches[:, 0].shape, -1).permute(0, 3, 1, 2))
    sketch.patches.weight.copy_((components * spread)[..., None, None])
    sketch.patches.bias.copy_(mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stamps", type=Path, required=True, help="stamps folder of tuxpaint-stamps-default")
    parser.add_argument("--network", choices=NETWORKS, default="compact")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    settings = NETWORKS[args.network]
    cutouts = load_cutouts(args.stamps, settings.get("side", 128))
    pictures = torch.stack([torch.from_numpy(p).permute(2, 0, 1) for poses in cutouts.values() for p in poses])
    poses = tuple(len(pictures) for pictures in cutouts.values())
    kinds = (tuple(sorted(names)) for names in (SKY, WIDE, MIRRORED_NEVER))
    sketch = ObjectSketch(tuple(cutouts), poses, *kinds, **settings)
    begin_with_components(sketch, pictures)
    optimizer = torch.optim.Adam(sketch.parameters(), lr=2e-3, betas=(0.9, 0.98))
    begun, step = time.monotonic(), 0
    while (done := (time.monotonic() - begun) / 60 / args.minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * done)))
        drawn = torch.randint(len(pictures), (args.batch,))
        error = sketch(sketch.codes[drawn]) - pictures[drawn]
        dx, dy = error[..., 1:] - error[..., :-1], error[..., 1:, :] - error[..., :-1, :]
        loss = error.abs().mean() + 2 * error.square().mean() + 0.5 * (dx.abs().mean() + dy.abs().mean())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 200 == 1:
            print(f"{done:.0%}, step {step}, loss {loss.item():.4f}", flush=True)
    sketch.half().save_pretrained(args.out)


if __name__ == "__main__":
    main()
