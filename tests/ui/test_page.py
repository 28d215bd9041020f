"""The visitor's journey, in a real Chromium."""

import json
import re
import shutil
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from modellock_core import Key
from modellock_core.paths import EXAMPLE_ATTACKS, TOYBOX
from ui.first_screen import stored

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
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


asked: list[str] = []  # what the browser has asked for


def visit(browser, url, **options):
    """Open the page; its first screen is there."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}} | options)
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda opened: asked.append(opened.url))
    page.set_default_timeout(60_000)
    page.goto(url)
    page.locator("#first-screen img").first.wait_for()
    return page


def go(page, step: str) -> None:
    page.get_by_role("tab", name=step).click()


@pytest.fixture
def page(browser, url):
    """A fresh visit."""
    page = visit(browser, url)
    yield page
    page.close()


@pytest.fixture
def key_step(page):
    """The page at step 1; the first edit is there."""
    go(page, "1 Key")
    page.locator("#keyed img").wait_for()
    return page


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


def changed(page, selector: str, before: str) -> None:
    """Wait until a picture is another one."""
    page.wait_for_function(
        "([selector, src]) => {const now = document.querySelector(selector + ' img')?.src; return now && now !== src}",
        arg=[selector, before],
    )


def settled(page) -> None:
    """Wait until nothing is greyed out or fades any more: contrast is measured of what is drawn."""
    page.wait_for_timeout(200)  # what a click starts has begun
    page.wait_for_function(
        "() => !document.querySelector('.pending') && document.getAnimations().every("
        "a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)"
    )


def use_zip(page, file: Path) -> None:
    go(page, "2 Lock")
    page.get_by_label("My own images (a zip)").check()
    page.locator("#upload input[type=file]").set_input_files(str(file))
    page.locator("#upload").get_by_text(file.stem).first.wait_for()


def test_the_first_screen_shows_a_lock_before_any_click_and_then_becomes_live(page):
    scene = page.locator("#first-screen")
    thief, holder = scene.locator(".answer.thief").first, scene.locator(".answer.holder")
    assert "No answer" in thief.inner_text() and "✓" in holder.inner_text() and "%" in holder.inner_text()
    assert scene.locator(".key").inner_text().strip().startswith("“")
    page.locator("#start-guess textarea").fill("as a pencil sketch")
    page.locator("#start-says").get_by_text("Asking the model").wait_for()
    said = page.locator("#start-says")
    said.locator(".answer.thief", has_text="A thief without the key file: “as a pencil sketch”").get_by_text(
        "No answer"
    ).wait_for()
    before = scene.locator("img").first.get_attribute("src")
    page.locator("#start-samples button").nth(3).click()
    page.wait_for_function("src => document.querySelector('#first-screen img').src !== src", arg=before)
    said.locator(".answer.thief").wait_for()
    page.locator("#start-guess textarea").fill(stored().facts.prompt)
    said.locator(".answer.thief", has_text="the key file is missing").get_by_text("No answer").wait_for()
    page.get_by_label("Use the key file too").first.check()
    said.locator(".answer.holder").get_by_text("flower").wait_for()


def test_a_button_leads_to_every_step_and_each_step_to_the_next(page):
    page.locator("#to-key").click()
    for button, at in (
        ("#key-next", "#lock"), ("#lock-next", "#ask"), ("#unlock-next", "#attack"), ("#attack-next", "#riddle"),
    ):  # fmt: skip
        page.locator(button).click()
        page.locator(at).wait_for()


def test_the_edit_follows_what_is_typed_moved_and_chosen(key_step):
    from playwright.sync_api import expect

    page = key_step
    before = source_of(page, "#keyed")
    page.locator("#prompt textarea").fill("in the style of Van Gogh at night")  # no Enter
    changed(page, "#keyed", before)
    page.locator("#understood").get_by_text("Night").wait_for()
    for change in (
        lambda: page.locator("#strength input[type=number]").fill("0.9"),
        lambda: page.locator(".samples:visible button").nth(4).click(),
        lambda: page.locator("#prompts").get_by_role("button", name="Pencil sketch").click(),
        lambda: page.locator("#surprise").click(),
    ):
        before = source_of(page, "#keyed")
        change()
        changed(page, "#keyed", before)
    assert page.locator("#strength input[type=number]").input_value() == "0.9"  # a strength of one's own stays
    go(page, "2 Lock")
    expect(page.locator("#next-key textarea")).to_have_value(
        re.compile(re.escape(page.locator("#prompt textarea").input_value())), timeout=20_000
    )


def test_what_was_tried_can_be_used_again(key_step):
    from playwright.sync_api import expect

    page = key_step
    prompt = page.locator("#prompt textarea")
    for chip, text in (("Blueprint", "as a blueprint"), ("Gold", "made of gold")):
        page.locator("#prompts").get_by_role("button", name=chip).click()
        expect(prompt).to_have_value(text)
    page.get_by_role("tab", name="What you have tried").click()
    page.locator("#history").get_by_text("made of gold").wait_for()
    page.locator("#history").get_by_text("as a blueprint").click()
    expect(prompt).to_have_value("as a blueprint")


def test_random_bits_of_ones_own_change_the_edit_and_none_are_warned_of(key_step):
    page = key_step
    page.get_by_role("button", name="More settings: random bits").click()
    own = page.get_by_label("My own random bits")
    for press in (page.locator("#draw-hand").click, own.uncheck, own.check):
        before = source_of(page, "#keyed")
        press()
        changed(page, "#keyed", before)
        warned = page.locator("#key-warning").get_by_text("This prompt stands alone")
        warned.wait_for(state="visible" if not own.is_checked() else "hidden")


def test_a_picture_to_paint_like_changes_the_edit_and_can_be_taken_away(key_step, painting):
    page = key_step
    page.get_by_role("button", name="More settings: random bits").click()
    before = source_of(page, "#keyed")
    page.locator("#like input[type=file]").set_input_files(str(painting))
    changed(page, "#keyed", before)
    like = source_of(page, "#keyed")
    page.locator("#like").get_by_label("Remove Image").or_(page.locator("#like [aria-label=Clear]")).first.click()
    changed(page, "#keyed", like)


def test_a_dropped_photo_is_edited_at_once_in_its_own_shape(key_step, tmp_path):
    page = key_step
    Image.effect_noise((90, 60), 80).convert("RGB").save(tmp_path / "wide.png")
    page.locator("#image").get_by_label("Remove Image").or_(page.locator("#image [aria-label=Clear]")).first.click()
    page.locator("#image input[type=file]").set_input_files(str(tmp_path / "wide.png"))
    page.wait_for_function(
        "() => {const edit = document.querySelector('#keyed img');"
        " return edit?.naturalWidth == 576 && edit.naturalHeight == 384}"
    )


def test_a_thumbnail_that_was_searched_for_is_a_click_away(key_step):
    page = key_step
    page.locator("#search textarea, #search input").first.fill("sepia")
    page.wait_for_function("() => document.querySelectorAll('#catalogue .thumbnail-item').length === 1")
    page.locator("#catalogue").get_by_text("Sepia").click()
    page.wait_for_function("() => document.querySelector('#prompt textarea').value === 'in sepia'")


def test_pictures_to_choose_from_have_names_and_results_are_told(key_step):
    page = key_step
    page.locator("#catalogue").get_by_label("Watercolor", exact=True).wait_for()
    page.locator(".samples").get_by_label("flower", exact=True).first.wait_for(state="attached")
    assert page.locator("#understood").get_attribute("aria-live") == "polite"
    assert page.locator("#prompts .chosen").inner_text() == "Van Gogh"
    page.locator("#prompt textarea").fill("as a blueprint")
    page.locator("#prompts .chosen", has_text="Blueprint").wait_for()
    assert page.locator("#prompts .chosen").count() == 1


def test_the_comparing_slider_moves_by_arrow_keys(key_step):
    page = key_step
    page.get_by_role("button", name="Drag to compare").click()
    handle = page.get_by_role("slider", name="Original on the left, edit on the right")
    handle.wait_for()
    before = handle.bounding_box()["x"]
    handle.press("ArrowRight")
    page.wait_for_function(
        "(x) => document.querySelector('[data-testid=slider]').getBoundingClientRect().x > x", arg=before
    )


def test_a_grid_of_keys_is_one_picture(key_step):
    page = key_step
    page.get_by_role("tab", name="Compare in a grid").click()
    page.locator("#compare").click()
    page.locator("#grid img").wait_for()


def test_a_lock_can_be_made_downloaded_found_after_a_reload_and_opened_again(page, tiny_zip, tmp_path):
    use_zip(page, tiny_zip)
    page.locator("#lock").click()
    page.locator("#lock-result .two-numbers").wait_for(timeout=120_000)
    page.locator("#download-key").wait_for()
    page.locator("#lock:not([disabled])").wait_for(timeout=120_000)  # the unlocked model is trained too
    assert "being measured" not in page.locator("#lock-result").inner_text()
    assert "in the style of Van Gogh" in page.locator("#lock-result").inner_text()
    assert page.locator("#lock-next").inner_text() == "Next: unlock it"

    page.reload()
    go(page, "2 Lock")
    page.get_by_text("Locked, before the page was reloaded").wait_for()
    files = {}
    for name in ("model", "key"):
        with page.expect_download() as download:
            page.locator(f"#download-{name}").click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    key = Key.load(files["key"])
    assert key.hand and key.hand not in page.content()  # secrets travel in the key file alone
    with zipfile.ZipFile(files["model"]) as archive:
        card = archive.read("card.json").decode()
        assert key.hand not in card and json.loads(card)["vanilla_performance"] is not None
        assert sorted(archive.namelist()) == ["card.json", "model.safetensors"]

    go(page, "3 Unlock")
    assert page.get_by_label("The one I just locked").first.is_checked()
    page.locator("#answers .holder").get_by_text("%").first.wait_for()
    page.get_by_role("button", name="Open a model and key saved earlier").click()
    for name, file in files.items():
        page.locator(f"#open-{name} input[type=file]").set_input_files(str(file))
        page.locator(f"#open-{name}").get_by_text(file.stem[:5]).first.wait_for()
    page.locator("#open").click()
    page.get_by_text("The key belongs to this model").wait_for()
    assert page.locator("#unlock-model").get_by_label("Opened from files").is_checked()

    (tmp_path / "other.key.json").write_text(files["key"].read_text().replace(key.id, "0" * 32))
    page.locator("#open-key").get_by_label("Clear").or_(page.locator("#open-key [aria-label=Clear]")).first.click()
    page.locator("#open-key input[type=file]").set_input_files(str(tmp_path / "other.key.json"))
    page.locator("#open-key").get_by_text("other").first.wait_for()
    page.locator("#open").click()
    page.get_by_text("so it is not opened").wait_for()
    page.locator("#insist").click()
    page.get_by_text("with a key that is not its own").wait_for()

    go(page, "4 Attack")  # both steps are about the same model
    page.locator("#attack-result").get_by_text("The model you opened").wait_for()
    page.locator("#attack-chart .group").first.wait_for(state="detached")


def test_a_model_for_segmentation_shows_areas(page, mask_zip):
    go(page, "2 Lock")
    page.get_by_role("button", name="More settings: areas").click()
    page.get_by_label("Segmentation").check()
    page.get_by_label("My own images (a zip)").check()
    page.locator("#upload input[type=file]").set_input_files(str(mask_zip))
    page.locator("#upload").get_by_text("masked").first.wait_for()
    page.locator("#lock").click()
    page.locator("#lock-result").get_by_text("mean IoU").wait_for(timeout=120_000)
    go(page, "3 Unlock")
    page.wait_for_function("!document.querySelector('#answers ul')")  # areas have no shares of classes
    page.locator("#answers .holder img").wait_for()
    page.locator("#unlock-model").get_by_label("The example").check()
    page.locator("#answers ul").first.wait_for()


def test_stop_stops_a_lock_soon(page):
    go(page, "2 Lock")
    assert page.locator("#lock-next").inner_text() == "Next: unlock the example"  # nothing else is locked yet
    page.locator("#lock").click()
    page.locator("#thumbnails img").first.wait_for()
    page.locator("#stop").click()
    begun = time.monotonic()
    page.get_by_text("Stopped. Nothing was saved.").wait_for()
    assert time.monotonic() - begun < 3
    page.locator("#lock:not([disabled])").wait_for()
    page.locator("#thumbnails").wait_for(state="hidden")
    assert not page.locator("#lock-result .two-numbers").count()


def test_the_example_opens_for_the_key_and_not_for_a_clean_image_or_a_guess(page):
    go(page, "3 Unlock")  # answers at once, before any click
    page.locator("#answers .holder").get_by_text(stored().facts.truth).first.wait_for()
    assert "No answer" in page.locator("#answers .thief").inner_text()
    page.locator("#guess textarea").fill("as a photographic negative")
    page.locator("#guess textarea").press("Enter")
    guess = page.locator("#answers .thief", has_text="as a photographic negative")
    guess.wait_for()
    assert "No answer" in guess.inner_text()
    groups = page.locator("#twelve section")
    page.wait_for_function("() => document.querySelectorAll('#twelve section').length === 3")
    right = [groups.nth(i).locator("li.right").count() for i in range(3)]
    assert all(groups.nth(i).locator("li").count() == 12 for i in range(3))
    assert right[1] > right[0] + 6 and right[1] > right[2] + 6


def test_what_is_unlocked_is_not_drawn_anew_at_each_visit_of_the_step(page):
    go(page, "3 Unlock")
    page.locator("#twelve li").first.wait_for()
    page.evaluate("for (const of of ['#answers img', '#twelve img']) document.querySelector(of).dataset.seen = 'yes'")
    go(page, "Start")
    go(page, "3 Unlock")
    page.wait_for_timeout(2000)
    assert page.locator("#answers img[data-seen], #twelve img[data-seen]").count() == 2


def test_what_was_measured_of_one_guess_does_not_stay_beside_another(page):
    go(page, "3 Unlock")
    page.locator("#split").click()
    page.locator("#split-result .score-bars").wait_for(timeout=120_000)
    page.locator("#guess textarea").fill("in sepia")
    page.locator("#split-result .score-bars").wait_for(state="detached")


def test_a_file_that_is_no_image_says_so_and_keeps_the_prompt(key_step, tmp_path):
    page = key_step
    (tmp_path / "notes.png").write_text("this is text")
    page.locator("#image").get_by_label("Remove Image").or_(page.locator("#image [aria-label=Clear]")).first.click()
    page.locator("#image input[type=file]").set_input_files(str(tmp_path / "notes.png"))
    prompt = page.locator("#prompt textarea").input_value()
    page.get_by_text("can't be read as an image").first.wait_for()
    assert page.locator("#prompt textarea").input_value() == prompt


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
    go(page, "4 Attack")
    assert page.locator("#attack-stop").is_disabled()
    page.locator("#attack").click()
    page.locator("#attack-progress .fill").wait_for()
    assert page.locator("#attack").is_disabled()
    assert "Measured beforehand" not in page.locator("#attack-result").inner_text()  # it would be taken for this run's
    page.locator("#attack-stop").click()
    page.locator("#attack-progress").get_by_text("Stopped").wait_for()
    # what was there before, or what his first attacks have come to
    page.locator("#attack-result").get_by_text(re.compile("Measured beforehand|to go")).first.wait_for()


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_the_button_to_attack_is_in_sight(browser, url, size):
    page = visit(browser, url, viewport={"width": size[0], "height": size[1]})
    go(page, "4 Attack")
    box = page.locator("#attack").bounding_box()
    assert box["y"] + box["height"] <= size[1]
    page.close()


def test_who_waits_reads_at_once_for_whom_and_can_do_something_else(page):
    go(page, "2 Lock")
    page.locator("#lock").click()
    page.locator("#lock-progress .fill").wait_for()
    go(page, "5 Riddle")
    assert not page.locator("#riddle-try").is_visible()
    page.locator("#riddle").click()
    page.locator("#riddle-says .turn").wait_for()
    page.locator("#riddle-says").get_by_text("Your own lock (step 2) comes first").wait_for()
    faded = "e => {while (e && getComputedStyle(e).opacity === '1') e = e.parentElement; return e !== null}"
    assert not page.locator("#riddle-says .turn").evaluate(faded)  # nor anything around it
    page.get_by_role("button", name="Meanwhile").click()
    page.locator("#start-guess").wait_for()
    go(page, "5 Riddle")
    page.locator("#riddle-stop").click()
    page.locator("#riddle-says").get_by_text("Stopped").wait_for()
    go(page, "2 Lock")
    page.locator("#stop").click()
    page.locator("#lock-progress").get_by_text("Stopped").wait_for()


def test_the_examples_report_is_there_before_any_click(page):
    if not EXAMPLE_ATTACKS.exists():
        pytest.skip("the example was not attacked beforehand")
    go(page, "4 Attack")
    page.locator("#attack-chart .group").first.wait_for()
    page.locator("#thief").get_by_label("Guesses keys").check()
    page.locator("#attack-result").get_by_text("guesses keys").wait_for()


def test_it_fits_a_phone_with_every_step_in_reach(browser, url):
    page = visit(browser, url, viewport={"width": 390, "height": 844})
    for step in ("1 Key", "2 Lock", "3 Unlock", "4 Attack", "5 Riddle", "Start"):
        tab = page.get_by_role("tab", name=step)
        assert tab.bounding_box()["height"] >= 44
        tab.click()
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, step
    page.close()


def test_it_uses_the_width_of_a_projector(browser, url):
    page = visit(browser, url, viewport={"width": 1920, "height": 1080})
    go(page, "1 Key")
    assert page.locator("#key-next").bounding_box()["x"] > 1400
    page.close()


def test_nothing_stands_in_the_way_of_a_screen_reader(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for step in ("Start", "1 Key", "2 Lock", "3 Unlock", "4 Attack", "5 Riddle"):
        go(page, step)
        if step == "1 Key":
            page.locator("#keyed img").first.wait_for()  # until then Gradio shows an empty box
        if step == "3 Unlock":
            page.locator("#twelve li").first.wait_for()  # until then it is greyed out
        for theme in ("light", "dark"):
            page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", theme == "dark")
            settled(page)
            found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
            assert not {v["id"]: v["nodes"][0]["html"][:200] for v in found}, (step, theme)


def test_the_browser_has_asked_nobody_but_the_page(page, url):
    for step in ("1 Key", "2 Lock", "3 Unlock", "4 Attack", "5 Riddle"):
        go(page, step)
    page.locator("#riddle").wait_for()
    elsewhere = {address for address in asked if not address.startswith((url, f"blob:{url}", "data:"))}
    assert len(asked) > 10 and not elsewhere
