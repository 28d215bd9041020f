"""An evening's work of a page, simulated quickly: whether its memory comes back, and whether anything stays on disk.

    python -m benchmarks.endurance [--locks 50] [--previews 200] [--attacks 10]

Locks are of a few images, and attacks of the thief who has the files alone. A first lock, preview and attack load all
that is loaded once. It prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import zipfile
from pathlib import Path

from gradio_client import Client, handle_file

from modellock_core.data.toybox_samples import toybox_samples
from modellock_core.paths import TOYBOX

from .load import visit
from .served_page import LOCK, MemoryWatch, ServedPage

REST = 60  # seconds after the work, before memory is looked at


def small_zip(file: Path) -> Path:
    """Sixteen images of two classes of Toybox."""
    with zipfile.ZipFile(TOYBOX) as toybox, zipfile.ZipFile(file, "w") as archive:
        for label in ("bird", "coin"):
            for name in [n for n in toybox.namelist() if n.startswith(f"images/train/{label}/")][:8]:
                archive.writestr(name.removeprefix("images/train/"), toybox.read(name))
    return file


def evening(page: ServedPage, folder: Path, locks: int, previews: int, attacks: int) -> None:
    """Visits of locks, previews and attacks, each of another visitor."""
    data, image = small_zip(folder / "small.zip"), folder / "sample.png"
    toybox_samples()[0][1].save(image)
    for _ in range(locks):
        client = Client(page.url, verbose=False)
        client.predict(**LOCK, dataset=handle_file(str(data)), api_name="/lock")
        client.close()
    for _ in range(previews // 5):
        visit(page.url, image, 5)
    for _ in range(attacks):
        client = Client(page.url, verbose=False)
        client.predict(thief="file", api_name="/attack")
        client.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--locks", type=int, default=50)
    parser.add_argument("--previews", type=int, default=200)
    parser.add_argument("--attacks", type=int, default=10)
    parser.add_argument("--rest", type=int, default=REST, help="seconds after the work")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ServedPage() as page:
        evening(page, Path(folder), 1, 5, 1)
        begun = time.monotonic()
        with MemoryWatch(page.pid) as memory:
            evening(page, Path(folder), args.locks, args.previews, args.attacks)
            seconds = time.monotonic() - begun
            time.sleep(args.rest)
        print(
            json.dumps({
                "locks": args.locks, "previews": args.previews, "attacks": args.attacks, "seconds": round(seconds),
                "memory_before_mb": memory.before, "memory_peak_mb": memory.peak, "memory_after_mb": memory.after,
                "growth": round(memory.after / memory.before - 1, 3),
            })
        )  # fmt: skip


if __name__ == "__main__":
    main()
