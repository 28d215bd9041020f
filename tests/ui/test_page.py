"""The visitor's journey, in a real Chromium."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from modellock_core import Key
from modellock_core.paths import TOYBOX
from ui.key_study import rows

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def url():
    """The address of a running app."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(240):
            assert server.poll() is None, "the app ended while it started"
            try:
                with urllib.request.urlopen(address, timeout=5):
                    break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, url):
    """A fresh visit; the first preview is there."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(url)
    page.locator("#keyed img").wait_for()
    yield page
    page.close()


def toybox_files(folder: str, count: int = 16) -> dict[str, bytes]:
    """The first files of a folder in Toybox's archive, by file name."""
    with zipfile.ZipFile(TOYBOX) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith(f"{folder}/"))[:count]
        return {name.rpartition("/")[2]: archive.read(name) for name in names}


@pytest.fixture
def painting(tmp_path):
    """A picture to paint like."""
    file = tmp_path / "painting.webp"
    file.write_bytes(*toybox_files("images/test/flower", 1).values())
    return file


@pytest.fixture
def tiny_zip(tmp_path):
    """Toybox images of two classes, as a visitor's zip."""
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for label in ("bird", "coin"):
            for name, content in toybox_files(f"images/train/{label}").items():
                archive.writestr(f"mine/{label}/{name}", content)
    return tmp_path / "mine.zip"


@pytest.fixture
def mask_zip(tmp_path):
    """Toybox images with their masks, as a visitor's zip; birds are class 1."""
    with zipfile.ZipFile(tmp_path / "masked.zip", "w") as archive:
        for folder in ("images", "masks"):
            for name, content in toybox_files(f"{folder}/train/bird").items():
                archive.writestr(f"{folder}/{name}", content)
    return tmp_path / "masked.zip"


def source_of(page, selector: str) -> str:
    return page.locator(f"{selector} img").first.get_attribute("src")


def use_zip(page, file: Path) -> None:
    page.get_by_role("tab", name="2 Lock").click()
    page.get_by_label("My own images (a zip)").check()
    page.locator("#upload input[type=file]").set_input_files(str(file))
    page.locator("#upload").get_by_text(file.stem).first.wait_for()


def test_a_preview_is_there_at_once_and_changes_with_the_prompt(page):
    assert page.get_by_role("heading", name="ModelLock").is_visible()
    before = source_of(page, "#keyed")
    page.get_by_role("button", name="Pencil sketch").click()
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)


def test_a_prompt_of_ones_own_is_used(page):
    before = source_of(page, "#keyed")
    page.locator("#prompt input").fill("as if carved in marble")
    page.locator("#preview").click()
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)
    page.get_by_role("tab", name="2 Lock").click()
    page.get_by_text("“as if carved in marble”").wait_for()


def test_a_hand_of_ones_own_changes_the_preview_and_another_one_again(page):
    page.get_by_role("button", name="Editor settings").click()
    own = page.get_by_label("A hand of my own")
    for press in (page.locator("#draw-hand").click, own.uncheck, own.check):
        before = source_of(page, "#keyed")
        press()
        page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)
    page.get_by_role("tab", name="2 Lock").click()
    page.get_by_text("your own hand").wait_for()


def test_a_picture_to_paint_like_changes_the_preview_and_can_be_taken_away(page, painting):
    page.get_by_role("button", name="Editor settings").click()
    before = source_of(page, "#keyed")
    page.locator("#like input[type=file]").set_input_files(str(painting))
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)
    like = source_of(page, "#keyed")
    page.locator("#like").get_by_label("Remove Image").or_(page.locator("#like [aria-label=Clear]")).first.click()
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=like)


def test_what_the_editor_understood_of_a_typed_prompt_is_shown(page):
    page.locator("#understood").get_by_text("Understood: Van Gogh").wait_for()
    for typed, line in (
        ("in watercolor with a rooster", "Understood: Watercolor, with a rooster"),
        ("florp the wibble", "Understood: nothing, so only your hand shows"),
    ):
        page.locator("#prompt input").fill(typed)
        page.locator("#prompt input").press("Enter")
        page.locator("#understood").get_by_text(line).wait_for()


def test_a_preview_keeps_the_shape_of_a_picture(page, tmp_path):
    Image.effect_noise((90, 60), 80).convert("RGB").save(tmp_path / "wide.png")
    before = source_of(page, "#keyed")
    page.locator("#image").get_by_label("Remove Image").or_(page.locator("#image [aria-label=Clear]")).first.click()
    page.locator("#image input[type=file]").set_input_files(str(tmp_path / "wide.png"))
    page.locator("#image img").first.wait_for()
    page.locator("#preview").click()
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)
    shape = page.locator("#keyed img").first.evaluate(
        "async x => (await x.decode(), [x.naturalWidth, x.naturalHeight])"
    )
    assert shape == [576, 384]


def test_a_thumbnail_of_the_catalogue_is_a_click_away(page):
    before = source_of(page, "#keyed")
    page.get_by_role("button", name="Browse the catalogue").click()
    page.get_by_label("Photo look").check()
    page.locator("#catalogue").get_by_text("Sepia").click()
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)
    assert page.locator("#prompt input").input_value() == "in sepia"


def test_a_row_of_the_study_of_keys_is_a_click_away(page):
    studied = [row for row in rows() if row[1] != page.locator("#prompt input").input_value()]
    if not studied:
        pytest.skip("no key of the catalogue was measured")
    before = source_of(page, "#keyed")
    page.get_by_role("button", name="How well each key locks").click()
    prompt = studied[0][1]
    page.locator("#key-study").get_by_text(prompt).locator("visible=true").first.click()
    page.wait_for_function("src => document.querySelector('#keyed img')?.src !== src", arg=before)
    assert page.locator("#prompt input").input_value() == prompt


def test_a_lock_can_be_made_downloaded_and_opened_again(page, tiny_zip, painting, tmp_path):
    page.get_by_role("button", name="Editor settings").click()
    page.get_by_label("A hand of my own").check()
    page.locator("#like input[type=file]").set_input_files(str(painting))
    page.locator("#like img").first.wait_for()
    use_zip(page, tiny_zip)
    page.locator("#lock").click()
    page.locator("#lock-result table").wait_for(timeout=120_000)
    page.locator("#download-key").wait_for()
    page.locator("#lock:not([disabled])").wait_for(timeout=120_000)  # the vanilla model is made too
    assert "…" not in page.locator("#lock-result table").inner_text()
    files = {}
    for name in ("model", "key"):
        with page.expect_download() as download:
            page.locator(f"#download-{name}").click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    key = Key.load(files["key"])
    assert key.style and key.hand and key.hand not in page.content()  # secrets travel in the key file alone
    with zipfile.ZipFile(files["model"]) as archive:
        card = archive.read("card.json").decode()
        assert key.hand not in card and json.loads(card)["vanilla_performance"] is not None
        assert sorted(archive.namelist()) == ["card.json", "model.safetensors"]

    page.get_by_role("tab", name="3 Unlock").click()
    assert page.get_by_label("The one I just locked").is_checked()
    page.locator("#keyed-answer").get_by_text("%").first.wait_for()
    page.get_by_role("button", name="Open a model and key saved earlier").click()
    for name, file in files.items():
        page.locator(f"#open-{name} input[type=file]").set_input_files(str(file))
        page.locator(f"#open-{name}").get_by_text(file.stem[:5]).first.wait_for()
    page.locator("#open").click()
    page.get_by_text("The key belongs to this model").wait_for()
    assert page.get_by_label("Opened from files").is_checked()
    page.locator("#ask").click()
    page.locator("#keyed-answer").get_by_text("%").first.wait_for()


def test_a_model_for_segmentation_shows_areas(page, mask_zip):
    page.get_by_role("tab", name="2 Lock").click()
    page.get_by_label("Segmentation").check()
    page.get_by_label("My own images (a zip)").check()
    page.locator("#upload input[type=file]").set_input_files(str(mask_zip))
    page.locator("#upload").get_by_text("masked").first.wait_for()
    page.locator("#lock").click()
    page.locator("#lock-result").get_by_text("mean IoU").wait_for(timeout=120_000)
    page.get_by_role("tab", name="3 Unlock").click()
    page.locator("#keyed-areas img").first.wait_for()
    assert not page.locator("#keyed-answer").is_visible()
    page.get_by_label("The example").check()
    page.locator("#keyed-answer").get_by_text("%").first.wait_for()
    assert not page.locator("#keyed-areas").is_visible()


def test_stop_stops_a_lock_soon(page):
    page.get_by_role("tab", name="2 Lock").click()
    page.locator("#lock").click()
    page.locator("#lock-progress .fill").wait_for()
    page.locator("#stop").click()
    begun = time.monotonic()
    page.get_by_text("Stopped; nothing was kept.").wait_for()
    assert time.monotonic() - begun < 3
    page.locator("#lock:not([disabled])").wait_for()
    assert not page.locator("#lock-result table").count()


def test_the_example_opens_for_the_key_and_not_for_a_clean_image_or_a_guess(page):
    page.get_by_role("tab", name="3 Unlock").click()  # answers at once, before any click
    page.locator("#keyed-answer").get_by_text("bird").first.wait_for()
    assert "bird" in page.locator("#keyed-answer h2").inner_text()
    assert "bird" not in page.locator("#clean-answer h2").inner_text()
    before = source_of(page, "#keyed-image")
    page.locator("#guess textarea").fill("as a photographic negative")
    page.locator("#ask").click()
    page.wait_for_function("src => document.querySelector('#keyed-image img')?.src !== src", arg=before)
    page.get_by_text("Keyed with the guess").wait_for()
    assert page.locator("#keyed-answer h2").is_visible()


def test_a_file_that_is_no_image_says_so_and_keeps_the_prompt(page, tmp_path):
    (tmp_path / "notes.png").write_text("this is text")
    page.locator("#image").get_by_label("Remove Image").or_(page.locator("#image [aria-label=Clear]")).first.click()
    page.locator("#image input[type=file]").set_input_files(str(tmp_path / "notes.png"))
    prompt = page.locator("#prompt input").input_value()
    page.locator("#preview").click()
    page.get_by_text("can't be read as an image").first.wait_for()
    assert page.locator("#prompt input").input_value() == prompt


@pytest.mark.parametrize("content", ["no zip", "one class"])
def test_a_bad_upload_says_what_is_wrong(page, tmp_path, content):
    file = tmp_path / "bad.zip"
    if content == "no zip":
        file.write_text("this is text")
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("bird/one.webp", *toybox_files("images/train/bird", 1).values())
    use_zip(page, file)
    page.locator("#lock").click()
    message = "neither a folder nor a zip" if content == "no zip" else "at least 2 are needed"
    page.get_by_text(message).first.wait_for()


def test_an_attack_shows_its_progress_and_can_be_stopped(page):
    page.get_by_role("tab", name="4 Attack").click()
    page.locator("#attack").click()
    page.locator("#attack-progress .fill").wait_for()
    page.locator("button:visible", has_text="Stop").first.click()
    page.locator("#attack-progress").get_by_text("Stopped").wait_for()


def test_a_riddle_is_locked_and_a_guess_is_measured(page):
    page.get_by_role("tab", name="5 Riddle").click()
    page.locator("#riddle-try").click()
    page.get_by_text("there is no riddle yet").first.wait_for()
    page.locator("#riddle").click()
    page.get_by_text("You have 8 guesses").wait_for(timeout=120_000)
    page.locator("#riddle-guess input").fill("in sepia")
    page.locator("#riddle-guess input").press("Enter")
    page.locator("#riddle-try").click()
    page.locator("#riddle-guesses").get_by_text("in sepia").first.wait_for()


def test_it_fits_a_phone(browser, url):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(url)
    page.locator("#preview").wait_for(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
