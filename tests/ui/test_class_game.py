"""A class game in two browsers: a teacher's, and a pupil's phone. The riddle is made in no time."""

import shutil
import tempfile
from pathlib import Path

import pytest

from modellock_core.paths import EXAMPLE_LOCK

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def page_url():
    """The page, in this process; its riddles are copies of the example, and guesses are not measured."""
    import app
    from ui import classroom, riddle, riddle_folder, riddle_game, riddle_stock
    from ui.warm_up import warm_up

    warm_up()

    def ready():
        folder = Path(tempfile.mkdtemp())
        shutil.copytree(EXAMPLE_LOCK, folder, dirs_exist_ok=True)
        riddle_folder.save_game(folder, riddle_game.Riddle("in the style of Monet", 0.1, 0.9))
        return folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(riddle_stock, "take_ready", ready)
        patch.setattr(riddle_stock, "AHEAD", 0)
        for game in (classroom, riddle):
            patch.setattr(game, "measured_guess", lambda folder, secret, prompt: 0.5)
        page = app.build()
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
        yield url
        page.close(verbose=False)


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def come(browser, url, **options):
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(120_000)
    page.goto(url)
    return page


def guess(page, prompt: str) -> None:
    page.locator("#riddle-guess input").fill(prompt)
    page.locator("#riddle-guess input").press("Enter")
    page.locator("#riddle-try").click()


def test_a_class_plays_by_a_link_until_the_teacher_ends_it(browser, page_url):
    teacher = come(browser, page_url)
    teacher.get_by_role("tab", name="5 Riddle").click()
    teacher.get_by_label("With a class").check()
    teacher.locator("#start-class").click()
    teacher.locator("#class-head .code").wait_for()
    link = teacher.locator("#class-link input, #class-link textarea").first.input_value()
    assert link == f"{page_url}?lock={teacher.locator('#class-head .code').inner_text()}"

    pupil = come(browser, link, viewport={"width": 390, "height": 844})
    pupil.locator("#nickname input, #nickname textarea").fill("Ada")
    pupil.locator("#join-class").click()
    teacher.locator("#class-scores").get_by_text("Ada").wait_for()
    guess(pupil, "in sepia")
    pupil.locator("#riddle-guesses").get_by_text("in sepia").wait_for()
    assert not pupil.locator("#reveal").is_visible() and not pupil.locator("#riddle").is_visible()
    assert pupil.evaluate("document.documentElement.scrollWidth") <= 390

    pupil.reload()  # he is still in the game, and so are his guesses
    pupil.locator("#riddle-guesses").get_by_text("in sepia").wait_for()
    guess(pupil, "in the style of Monet")
    pupil.locator("#riddle-guesses").get_by_text("Found with 2 guesses").wait_for()
    teacher.locator("#class-scores").get_by_text("found", exact=True).wait_for()
    assert "sepia" not in teacher.locator("#class-scores").inner_text()

    teacher.locator("#reveal").click()
    pupil.locator("#class-head").get_by_text("The key prompt is “in the style of Monet”").wait_for()
    teacher.locator("#end-class").click()
    teacher.locator("#class-code").wait_for()
    pupil.locator("#riddle").wait_for()


def test_a_link_of_a_game_that_has_ended_says_so(browser, page_url):
    page = come(browser, f"{page_url}?lock=BODAVI")
    page.get_by_text("there is no class game with this code").first.wait_for()
    assert page.locator("#riddle").is_visible()


def test_a_game_alone_ends_with_its_prompt_and_without_its_buttons(browser, page_url):
    page = come(browser, page_url, viewport={"width": 390, "height": 844})
    page.get_by_role("tab", name="5 Riddle").click()
    page.locator("#riddle").click()
    page.locator("#riddle-guesses").get_by_text("8 guesses left").wait_for()
    page.locator("#looks .thumbnail-item").first.click()  # a look becomes the guess
    page.wait_for_function("document.querySelector('#riddle-guess input').value")
    guess(page, "in the style of Monet")
    over = page.locator("#riddle-guesses .over.found")
    over.get_by_text("Found with 1 guess: 100 points.").wait_for()
    assert "in the style of Monet" in over.inner_text()
    page.locator("#riddle-try").wait_for(state="hidden")
    page.get_by_label("With a class").check()  # his riddle waits for him
    page.locator("#class-code").wait_for()
    over.wait_for(state="hidden")
    page.get_by_label("Play alone").check()
    over.wait_for()
