"""Where the bundled assets lie."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
ASSETS = _HERE / "assets" if (_HERE / "assets").is_dir() else _HERE.parent / "assets"  # in a wheel, in a checkout
TOYBOX = ASSETS / "toybox.zip"
BACKBONE = ASSETS / "backbone"
TEXT_ENCODER = ASSETS / "text_encoder"
EDITORS = ASSETS / "editors"
EXAMPLE_LOCK = ASSETS / "example_lock"
EXAMPLE_KEY = ASSETS / "example_lock.key.json"
EXAMPLE_ATTACKS = ASSETS / "example_attacks.json"  # an attack report of the example
ATTACK_TIMES = ASSETS / "attack_times.json"  # what each of its attacks takes, as a part of a lock's time
FIRST_SCREEN = ASSETS / "first_screen.webp"
FIRST_SCREEN_FACTS = ASSETS / "first_screen.json"
GALLERY = ASSETS / "gallery.webp"
CATALOGUE_LOCKS = ASSETS / "catalogue.jsonl"  # how well key prompts lock
