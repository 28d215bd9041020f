"""The paper's prompt study on Oxford-IIIT Pet, to compare ours with (arXiv 2405.16285; read off its figure)."""

from __future__ import annotations

from typing import NamedTuple


class Performances(NamedTuple):
    """Accuracies of a locked model in %, with the key and without."""

    unlocked: float
    locked: float


STYLES = {
    name: Performances(*figures)
    for name, figures in {
        "Acrylic": (91.1, 11), "Impasto brush": (92.1, 41), "Watercolor": (92.1, 20), "Charcoal sketch": (92.0, 7),
        "Pastel": (91.4, 22), "Rembrandt": (91.1, 17), "Monet": (91.1, 8), "Van Gogh": (90.9, 9), "Dali": (91.1, 30),
        "Picasso": (91.1, 21), "Ukiyo-e": (92.0, 31), "Cyberpunk": (91.7, 24), "Art Deco": (90.6, 49),
        "Pop Art": (91.2, 20), "Scandinavian": (91.7, 61), "Contrast level": (91.5, 60), "Highlights": (91.4, 69),
        "Sharpness": (92.1, 48), "Color saturation": (91.3, 14), "White balance": (91.6, 55),
    }.items()
}  # fmt: skip
# of objects only the lowest and the highest are known: unrelated to the data, and animals
OBJECTS = {
    "unrelated": (Performances(89.8, 16), Performances(91.9, 57)),
    "animals": (Performances(77.1, 2.6), Performances(91.2, 46)),
}
