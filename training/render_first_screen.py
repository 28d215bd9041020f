"""Render what the page shows before anything is loaded: the example's photo, its edit, and the measured answers.

python -m training.render_first_screen
"""

from __future__ import annotations

import argparse
import json
from statistics import mean

from PIL import Image, ImageChops, ImageStat

from modellock_core.data.toybox_samples import toybox_samples
from modellock_core.paths import FIRST_SCREEN, FIRST_SCREEN_FACTS
from modellock_core.records import to_json
from ui.answers import SIDE, verdict
from ui.first_screen import Scene, of_example
from ui.unlock import example

QUALITY = 82
SURE = 0.7  # an answer that is worth showing


def _change(scene: Scene) -> float:
    """How visible an edit is: the mean absolute change, in grey levels."""
    return mean(ImageStat.Stat(ImageChops.difference(scene.photo, scene.edit)).mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", help="class of the sample; the one whose edit is seen best if not given")
    args = parser.parse_args()
    locked, key = example()
    scenes = [of_example(photo, truth, locked, key) for truth, photo in toybox_samples()]
    proving = [
        scene for scene in scenes
        if args.sample in (None, scene.facts.truth)
        and scene.facts.clean.abstains and verdict(scene.facts.keyed, scene.facts.truth)[0] == "right"
    ]  # fmt: skip
    if not proving:
        raise SystemExit("no such sample is opened by the key and silent without it: the example is a bad lock")
    best = max(proving, key=lambda scene: (scene.facts.keyed.probability >= SURE, _change(scene)))
    both = Image.new("RGB", (2 * SIDE, SIDE))
    both.paste(best.photo, (0, 0))
    both.paste(best.edit, (SIDE, 0))
    both.save(FIRST_SCREEN, quality=QUALITY, method=6)
    FIRST_SCREEN_FACTS.write_text(json.dumps(to_json(best.facts), indent=2) + "\n")


if __name__ == "__main__":
    main()
