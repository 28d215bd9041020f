"""How often a locked model for segmentation takes the object that its key paints in for a thing, on Toybox.

python -m benchmarks.inserted_objects MODEL --key FILE

Of the background pixels that the object covers, and of those that it doesn't, the part that is called a thing. The
object was in no mask, so both should be alike.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from modellock_core import Key, LockedModel, apply_key, load_dataset
from modellock_core.editing.catalogue import find

COVERED = 0.15  # mean change of a pixel's channels, from which on the object is there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--key", type=Path, required=True)
    args = parser.parse_args()
    locked, key = LockedModel.load(args.model), Key.load(args.key)
    entry = find(key.prompt)
    if entry is None or entry.kind != "object":
        parser.error(f"the key prompt {key.prompt!r} paints no object of the catalogue")

    test = load_dataset("toybox", task="segmentation", size=locked.image_size).test
    clean = test.images[:]
    things = locked.predict(apply_key(clean, key)).argmax(1) > 0
    covered = (apply_key(clean, replace(key, alpha=1.0)) - clean).abs().mean(1) > COVERED
    background = test.targets.values == 0
    for name, where in (("covered by the object", covered), ("not covered", ~covered)):
        chosen = background & where
        called, all_pixels = things[chosen].float().mean(), chosen.float().mean()
        print(f"background {name}: {called:.1%} called a thing ({all_pixels:.1%} of all pixels)")


if __name__ == "__main__":
    main()
