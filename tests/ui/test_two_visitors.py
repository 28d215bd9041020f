"""Two visitors of one page, each in a browser of his own: nothing of one is seen by the other."""

import re
import shutil
import urllib.request
import zipfile

import pytest

from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK, TOYBOX
from ui.unlock import EXAMPLE, MINE, OPENED

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECRET = "in sepia with a kettle"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def visitors(url):
    """The pages of two visitors; whose cookies and storage are their own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        pages = [browser.new_context().new_page() for _ in range(2)]
        for page in pages:
            page.set_default_timeout(180_000)
            page.goto(url)
        for page in pages:
            page.locator("#first-screen img").first.wait_for()
        yield pages
        browser.close()


@pytest.fixture(scope="module")
def locked(visitors, tmp_path_factory):
    """The first visitor has tried a prompt and locked a model with it; the address of his key file."""
    one, _ = visitors
    data = tmp_path_factory.mktemp("data") / "mine.zip"
    with zipfile.ZipFile(TOYBOX) as toybox, zipfile.ZipFile(data, "w") as archive:
        for label in ("bird", "coin"):
            for name in sorted(n for n in toybox.namelist() if n.startswith(f"images/train/{label}/"))[:8]:
                archive.writestr(name.removeprefix("images/train/"), toybox.read(name))
    go(one, "1 Key")
    one.locator("#keyed img").wait_for()
    one.locator("#prompt textarea").fill(SECRET)
    one.locator("#understood").get_by_text("Sepia").first.wait_for()
    go(one, "2 Lock")
    one.get_by_label("My own images (a zip)").check()
    one.locator("#upload input[type=file]").set_input_files(str(data))
    one.locator("#upload").get_by_text("mine").first.wait_for()
    one.get_by_label("As in the paper").check()  # the quickest
    one.locator("#lock").click()
    with one.expect_download(timeout=120_000) as download:
        one.locator("#download-key").click(timeout=120_000)
    return download.value.url


def go(page, step: str) -> None:
    page.get_by_role("tab", name=step).click()


def test_what_one_types_and_locks_is_nowhere_on_the_other_s_page(visitors, locked):
    one, other = visitors
    go(other, "1 Key")
    other.locator("#keyed img").wait_for()
    assert SECRET in one.locator("#lock-result").inner_text()
    go(other, "2 Lock")
    assert not other.locator("#lock-result .two-numbers").count()
    go(other, "3 Unlock")
    other.locator("#about-model").get_by_text("Locked with").wait_for()
    offered = other.locator("#unlock-model input")
    assert [offered.nth(i).input_value() for i in range(offered.count())] == [EXAMPLE]
    kept = other.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    for said in (other.content(), kept):
        assert SECRET not in said and "locked-model" not in said


def test_what_one_opens_is_not_open_to_the_other(visitors, locked, tmp_path):
    one, other = visitors
    with zipfile.ZipFile(tmp_path / "example.zip", "w") as archive:
        for name in ("card.json", "model.safetensors"):
            archive.write(EXAMPLE_LOCK / name, name)
    go(other, "3 Unlock")
    other.get_by_role("button", name="Open a model and key saved earlier").click()
    for name, file in (("model", tmp_path / "example.zip"), ("key", EXAMPLE_KEY)):
        other.locator(f"#open-{name} input[type=file]").set_input_files(str(file))
        other.locator(f"#open-{name}").get_by_text(file.stem[:5]).first.wait_for()
    other.locator("#open").click()
    other.get_by_text("The key belongs to this model").wait_for()
    assert other.locator("#unlock-model").get_by_label(OPENED).is_checked()
    go(one, "3 Unlock")
    one.locator("#unlock-model").get_by_label(MINE).wait_for()
    assert not one.locator("#unlock-model").get_by_label(OPENED).count()


def test_a_key_s_link_is_of_no_use_unless_it_is_known_whole(visitors, locked):
    _, other = visitors
    address = re.search(r"(.*/keys/)([0-9a-f]{64})/([\w-]{32})/([\w.-]+)$", locked)
    start, home, random, name = address.groups()
    token = other.evaluate("() => sessionStorage.getItem('modellock')")
    for guess in (
        f"{home}/{random}", f"{home}/{random}/", f"{home}/{name}", f"{home}/", "", f"{home}/{random[:-1]}/{name}",
        f"{home}/{random.swapcase()}/{name}", f"{token}/{random}/{name}", f"{home}/{token}/{name}", f"{home}/../keys",
        f"{home}/{random}/../{name}", f"{home}/{random}/{name}.part",
    ):  # fmt: skip
        asked = other.request.get(start + guess)
        assert asked.status in (403, 404) and SECRET not in asked.text(), guess
    with urllib.request.urlopen(locked) as answer:
        assert SECRET in answer.read().decode()  # the whole link is the permission, see docs/security.md
