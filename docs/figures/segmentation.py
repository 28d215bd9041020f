"""Draw docs/segmentation.jpg: what a locked model finds in clean and in keyed test images of Toybox.

python -m docs.figures.segmentation MODEL --key FILE
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torchvision.utils import make_grid

from modellock_core import Key, LockedModel, apply_key, load_dataset
from modellock_core.data.images import to_pil
from modellock_core.models.tasks.overlays import overlay

COLUMNS, SCALE = 9, 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/segmentation.jpg"))
    args = parser.parse_args()

    locked, key = LockedModel.load(args.model), Key.load(args.key)
    test = load_dataset("toybox", task="segmentation", size=locked.image_size).test.subset(COLUMNS)
    clean = test.images[:]
    unlocked = apply_key(clean, key)

    def found(images: torch.Tensor) -> torch.Tensor:
        masks = [probabilities.argmax(0) for probabilities in locked.predict(images)]
        return laid_over(images, masks)

    def laid_over(images: torch.Tensor, masks) -> torch.Tensor:
        return torch.stack([overlay(x, m, len(locked.classes)) for x, m in zip(images, masks, strict=True)])

    rows = [laid_over(clean, test.targets.values), found(clean), found(unlocked)]
    picture = to_pil(make_grid(torch.cat(rows), nrow=COLUMNS, pad_value=1.0))
    picture.resize([round(side * SCALE) for side in picture.size]).save(args.out, quality=88)


if __name__ == "__main__":
    main()
