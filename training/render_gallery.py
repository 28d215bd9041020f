"""Render the thumbnails of the app's prompt gallery: what the compact editor makes of one picture.

PYTHONPATH=. python training/render_gallery.py [--image FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from modellock_core import CATALOGUE, Key, keyed
from modellock_core.images import open_image, to_pil, to_tensor
from modellock_core.paths import GALLERY, TOYBOX, thumbnail

SIDE = 112  # px


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, default=TOYBOX / "images/test/bird/0003.webp")
    args = parser.parse_args()
    source = to_tensor(open_image(args.image), 128)
    GALLERY.mkdir(parents=True, exist_ok=True)
    for entry in tqdm([entry for entry in CATALOGUE if entry.trained]):
        edited = to_pil(keyed(source, Key.create(entry.prompt, alpha=1.0))[0])
        edited.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(thumbnail(entry.name), quality=80)


if __name__ == "__main__":
    main()
