import pytest

from modellock_core import load_editor
from modellock_core.editing.editors.compact_pipeline import Reading
from ui.ignored_words import ignored_words
from ui.understanding import wording


def said(styles: dict, objects: tuple = (), strength: float = 1.0, besides: tuple = ()) -> str:
    return wording(Reading(styles, objects, strength), besides=list(besides)).removeprefix("Understood: ")


def test_styles_and_objects_are_named():
    assert said({"Night": 0.8, "Van Gogh": 1.0}, ("rooster",)) == "Van Gogh + Night, with a rooster"
    assert said({"Monet": 1.0, "Fog": 0.2}) == "Monet + a touch of Fog"
    assert said({}, ("owl", "Eiffel Tower")) == "with an owl and the Eiffel Tower"
    assert said({}, ("starry sky", "Saturn")) == "with a starry sky and the planet Saturn"


def test_the_strength_is_named_where_it_is_not_the_usual():
    assert said({"Monet": 1.0}, strength=0.6) == "Monet, a little"
    assert said({"Monet": 1.0}, strength=1.4) == "Monet, strongly"
    assert said({"Monet": 1.0}, strength=1.02) == "Monet"


def test_nothing_says_what_shows_all_the_same():
    assert said({}) == "nothing, so the picture stays as it is"
    assert said({}, besides=("your hand",)) == "nothing, so only your hand shows"
    assert said({}, besides=("your hand", "your picture's style")).endswith(
        "only your hand and your picture's style show"
    )


def test_words_that_were_ignored_are_named():
    reading = Reading({"Ice": 1.0}, (), 1.0)
    assert wording(reading, besides=[], ignored=["sculpture", "night"]).endswith("Ice. **Ignored:** sculpture, night")


@pytest.fixture(scope="module")
def read():
    return load_editor("compact").pipeline.read


@pytest.mark.parametrize(
    ("prompt", "ignored"),
    [
        ("frozen ice sculpture at night", ["sculpture", "night"]),
        ("make it look like a Van Gogh at night", []),
        ("in the style of Monet", []),
        ("a little bit of fog", []),
        ("with a knight's helmet in the background", []),
        ("like a photograph from the 1970s", []),
        ("neon city lights with a dinosaur", ["city", "dinosaur"]),
        ("qwertz", []),  # where nothing was understood, the line says so
    ],
)
def test_a_word_is_ignored_if_nothing_was_read_from_it(prompt, ignored, read):
    assert ignored_words(prompt, read) == ignored
