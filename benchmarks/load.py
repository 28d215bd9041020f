"""Twenty visitors with five previews each while one locks: how long they wait, what is lost, what memory it takes.

    python -m benchmarks.load [--visitors 20] [--previews 5] [--url http://127.0.0.1:7860]

Without an address it starts a page of its own. It prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradio_client import Client, handle_file

from modellock_core.data.toybox_samples import toybox_samples

from .served_page import LOCK, MemoryWatch, ServedPage

PROMPTS = ("in watercolor", "in sepia", "as a mosaic", "with oil pastel", "in winter")


def visit(url: str, image: Path, count: int, number: int = 0) -> list[float | None]:
    """Seconds that each of so many previews took; None for one that was lost.

    Args:
        number: of the visitor, who has an address of his own, as behind a proxy.
    """
    client = Client(url, verbose=False, headers={"X-Forwarded-For": f"10.0.0.{number}"})
    waits: list[float | None] = []
    for i in range(count):
        begun = time.monotonic()
        try:
            client.predict(handle_file(str(image)), PROMPTS[i % len(PROMPTS)], api_name="/preview")
            waits.append(time.monotonic() - begun)
        except Exception:  # whatever it was, the visitor has no picture
            waits.append(None)
    client.close()
    return waits


def measure(page: ServedPage, visitors: int, previews: int) -> dict[str, float | int | bool]:
    """The figures of one run."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "sample.png")
        toybox_samples()[0][1].save(image)
        visit(page.url, image, 1)  # all is loaded then
        with MemoryWatch(page.pid) as memory, ThreadPoolExecutor(visitors) as pool:
            client = Client(page.url, verbose=False)
            lock = client.submit(**LOCK, api_name="/lock")
            while not lock.outputs():
                time.sleep(0.1)
            begun, own = time.monotonic(), time.process_time()
            visits = pool.map(lambda number: visit(page.url, image, previews, number), range(visitors))
            answers = [wait for waits in visits for wait in waits]
            cores_of_visitors = (time.process_time() - own) / (time.monotonic() - begun)
            locking = not lock.done()
            lock.cancel()
            client.close()
    waits = sorted(wait for wait in answers if wait is not None)
    return {
        "visitors": visitors,
        "previews": len(answers),
        "lost": answers.count(None),
        "median_seconds": round(statistics.median(waits), 2),
        "p95_seconds": round(waits[max(0, -(-95 * len(waits) // 100) - 1)], 2),
        "cores_taken_by_the_visitors_themselves": round(cores_of_visitors, 2),
        "locking_to_the_end": locking,
        "memory_before_mb": memory.before,
        "memory_peak_mb": memory.peak,
        "memory_after_mb": memory.after,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--previews", type=int, default=5)
    parser.add_argument("--url", help="of a page on this machine that runs already")
    args = parser.parse_args()
    with ServedPage(args.url) as page:
        print(json.dumps(measure(page, args.visitors, args.previews)))


if __name__ == "__main__":
    main()
