"""Render the picture of the app's prompt gallery: a grid of what the compact editor makes of one photograph.

python -m training.render_gallery --photo PHOTO
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from modellock_core import Key, apply_key
from modellock_core.data.images import open_image, to_pil, to_tensor
from modellock_core.paths import GALLERY
from ui.gallery import COLUMNS, ENTRIES, SIDE, box

QUALITY = 80
MOST_BYTES = 4 * 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, required=True, help="its centre square is edited")
    args = parser.parse_args()
    source = to_tensor(open_image(args.photo), SIDE)
    grid = Image.new("RGB", (COLUMNS * SIDE, -(-len(ENTRIES) // COLUMNS) * SIDE))
    for i, entry in enumerate(tqdm(ENTRIES)):
        grid.paste(to_pil(apply_key(source, Key.create(entry.prompt, alpha=1.0, size=SIDE))[0]), box(i))
    grid.save(GALLERY, quality=QUALITY, method=6)
    if GALLERY.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{GALLERY.name} is larger than {MOST_BYTES / 2**20:g} MiB; lower QUALITY")


if __name__ == "__main__":
    main()
