"""Draw docs/app.png, the app's first screen beside its Unlock step, from a running app; or every step, to look at.

python -m docs.figures.app http://127.0.0.1:7860                  (needs Chromium and Playwright)
python -m docs.figures.app http://127.0.0.1:7860 --all shots      every step, on a desktop and a phone, light and dark
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

STEPS = {  # tab -> what is there once it is ready
    "Start": "#first-screen img",
    "1 Key": "#keyed img",
    "2 Lock": "#lock",
    "3 Unlock": "#twelve li",
    "4 Attack": "#thief",
    "5 Riddle": "#riddle",
}
PICTURE = ("Start", "3 Unlock")
DESKTOP, PHONE, PROJECTOR = (1280, 900), (390, 844), (1920, 1080)


def opened(browser: Browser, url: str, size: tuple[int, int], theme: str = "light") -> Page:
    """The page, at its first screen."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(f"{url}?__theme={theme}")
    page.locator("#first-screen img").first.wait_for()
    return page


def show(page: Page, step: str) -> None:
    """Go to a step and wait until it is ready."""
    page.get_by_role("tab", name=step).click()
    page.locator(STEPS[step]).first.wait_for(timeout=300_000)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(3000)  # images fade in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--out", type=Path, default=Path("docs/app.png"))
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="write a picture of every step there instead")
    args = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        if args.all:
            every_step(browser, args.url, args.all)
        else:
            beside_each_other(browser, args.url).quantize(256).save(args.out, optimize=True)
        browser.close()


def every_step(browser: Browser, url: str, folder: Path) -> None:
    """Write a picture of each step, size and theme."""
    folder.mkdir(parents=True, exist_ok=True)
    for size in (DESKTOP, PHONE, PROJECTOR):
        for theme in ("light", "dark"):
            page = opened(browser, url, size, theme)
            for step in STEPS:
                show(page, step)
                page.screenshot(path=folder / f"{step.split()[-1].lower()}-{size[0]}-{theme}.png", full_page=True)
            page.close()


def beside_each_other(browser: Browser, url: str) -> Image.Image:
    """The steps of `PICTURE` in one picture."""
    shots, page = [], opened(browser, url, (1240, 1000))
    for step in PICTURE:
        show(page, step)
        shots.append(Image.open(io.BytesIO(page.screenshot())))
    both = Image.new("RGB", (sum(shot.width for shot in shots), shots[0].height))
    for i, shot in enumerate(shots):
        both.paste(shot, (i * shots[0].width, 0))
    return both


if __name__ == "__main__":
    main()
