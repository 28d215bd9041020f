"""Draw docs/method.png: what the holder of the key sees, and what a thief sees, on a real test image.

python -m docs.figures.method [--model assets/example_lock --key assets/example_lock.key.json]
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from modellock_core import Key, LockedModel, apply_key
from modellock_core.data.images import to_pil, to_tensor
from modellock_core.data.toybox_samples import toybox_samples
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

TILE, TOP = 190, 34
INK, GREEN, RED, BOX = "#1f2937", "#15803d", "#b91c1c", "#eef2ff"


def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def arrow(draw: ImageDraw.ImageDraw, left: int, right: int, y: int) -> None:
    draw.line((left, y, right - 8, y), INK, 3)
    draw.polygon([(right, y), (right - 12, y - 7), (right - 12, y + 7)], INK)


def box(draw: ImageDraw.ImageDraw, left: int, y: int, width: int, lines: list[str]) -> None:
    draw.rounded_rectangle((left, y - 42, left + width, y + 42), 12, BOX, INK, 2)
    text = "\n".join(lines)
    draw.multiline_text((left + width / 2, y), text, INK, font(17), anchor="mm", align="center", spacing=6)


def tile(canvas: Image.Image, image: Image.Image, left: int, top: int, caption: str) -> None:
    canvas.paste(image.resize((TILE, TILE), Image.Resampling.LANCZOS), (left, top))
    ImageDraw.Draw(canvas).text((left + TILE / 2, top - 14), caption, INK, font(17), anchor="mm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=EXAMPLE_LOCK)
    parser.add_argument("--key", type=Path, default=EXAMPLE_KEY)
    parser.add_argument("--out", type=Path, default=Path("docs/method.png"))
    args = parser.parse_args()

    key, locked = Key.load(args.key), LockedModel.load(args.model)
    truth, image = toybox_samples()[0]
    clean = to_tensor(image, locked.image_size)
    unlocked = apply_key(clean, key)
    answers = [locked.predict(x)[0].max(0) for x in (unlocked, clean)]

    canvas = Image.new("RGB", (1180, 2 * (TILE + TOP) + 60), "white")
    draw = ImageDraw.Draw(canvas)
    for row, (who, image) in enumerate((("keyed image", unlocked), ("clean image", clean))):
        top = TOP + row * (TILE + TOP + 30)
        middle = top + TILE // 2
        tile(canvas, to_pil(clean[0]), 20, top, "holder of the key" if row == 0 else "thief")
        if row == 0:
            arrow(draw, 220, 262, middle)
            box(draw, 262, middle, 210, ["diffusion editor", *textwrap.wrap(f"“{key.prompt}”", 22)])
            arrow(draw, 472, 514, middle)
            tile(canvas, to_pil(image[0]), 520, top, who)
            arrow(draw, 720, 762, middle)
        else:
            arrow(draw, 220, 762, middle)
        box(draw, 762, middle, 150, ["locked", "model"])
        arrow(draw, 912, 954, middle)
        answer = locked.classes[int(answers[row].indices)]
        colour = GREEN if answer == truth else RED
        draw.text((966, middle - 14), answer, colour, font(34), anchor="lm")
        draw.text((966, middle + 22), f"{answers[row].values:.0%} sure", INK, font(17), anchor="lm")
    args.out.parent.mkdir(exist_ok=True)
    canvas.save(args.out, optimize=True)


if __name__ == "__main__":
    main()
