"""Draw docs/edits.webp: one photograph with a dozen key prompts, for the README.

python -m docs.figures.edits --photo PHOTO
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from modellock_core import Key, apply_key
from modellock_core.data.images import open_image, to_pil, to_tensor

PROMPTS = (
    "in the style of Van Gogh", "in watercolor", "in ukiyo-e style", "as a mosaic", "with oil pastel",
    "as a pencil sketch", "in winter", "made of gold", "in cyberpunk style", "in the style of Hokusai",
    "with a hot air balloon in the background", "in watercolor with a zebra",
)  # fmt: skip
SIDE, COLUMNS, CAPTION = 256, 4, 30  # px, tiles a row, px


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, required=True, help="its centre square is edited")
    parser.add_argument("--out", type=Path, default=Path("docs/edits.webp"))
    args = parser.parse_args()

    source = to_tensor(open_image(args.photo), SIDE)
    rows = -(-len(PROMPTS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + CAPTION)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for i, prompt in enumerate(PROMPTS):
        left, top = i % COLUMNS * SIDE, i // COLUMNS * (SIDE + CAPTION)
        sheet.paste(to_pil(apply_key(source, Key.create(prompt, alpha=1.0, size=SIDE))[0]), (left, top))
        draw.text((left + SIDE / 2, top + SIDE + CAPTION / 2), prompt, "#1f2937", font, anchor="mm")
    sheet.save(args.out, quality=85, method=6)


if __name__ == "__main__":
    main()
