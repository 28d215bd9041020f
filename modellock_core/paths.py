"""Where the bundled assets lie."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
TOYBOX = ASSETS / "toybox"
BACKBONE = ASSETS / "backbone"
TEXT_ENCODER = ASSETS / "text_encoder"
EDITORS = ASSETS / "editors"
EXAMPLE_LOCK = ASSETS / "example_lock"
EXAMPLE_KEY = ASSETS / "example_lock.key.json"
GALLERY = ASSETS / "gallery.webp"
CATALOGUE_LOCKS = ASSETS / "catalogue.jsonl"
CATALOGUE_FIGURE = ASSETS / "catalogue.png"
