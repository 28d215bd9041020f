"""Draw docs/app.png: the app's Unlock step beside its Spell step, from a running app.

python -m docs.figures.app http://127.0.0.1:7860   (needs Chromium and Playwright)
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

STEPS = {"1 Spell": "#keyed img", "3 Unlock": "#keyed-answer"}  # tab -> what is there once it is ready


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--out", type=Path, default=Path("docs/app.png"))
    args = parser.parse_args()

    shots = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1240, "height": 1000})
        page.goto(args.url)
        for tab, ready in STEPS.items():
            page.get_by_role("tab", name=tab).click()
            page.locator(ready).first.wait_for(timeout=60_000)
            page.evaluate("window.scrollTo(0, 0)")
            page.wait_for_timeout(3000)  # images fade in
            shots.append(Image.open(io.BytesIO(page.screenshot())))
        browser.close()
    both = Image.new("RGB", (sum(shot.width for shot in shots), shots[0].height))
    for i, shot in enumerate(shots):
        both.paste(shot, (i * shots[0].width, 0))
    both.quantize(256).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
