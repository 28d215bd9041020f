"""Cards, tiles and bars: what they say, and that a prompt is shown as text."""

from types import SimpleNamespace

import pytest
from PIL import Image

from ui import unlock
from ui.answers import HOLDER, THIEF, Answer, Shown, card, cards, verdict
from ui.bars import score_bars
from ui.guess import Guess
from ui.unlock import EXAMPLE, MINE

PICTURE = Image.effect_noise((16, 16), 80)
VISITOR = SimpleNamespace(session_hash="asker")


@pytest.mark.parametrize(
    ("answer", "truth", "mark"),
    [
        (Answer("bird", 0.9, False), "bird", "right"), (Answer("coin", 0.9, False), "bird", "wrong"),
        (Answer("bird", 0.12, True), "bird", "none"), (Answer("bird", 0.9, False), None, "said"),
    ],
)  # fmt: skip
def test_an_answer_is_marked_as_what_it_is(answer, truth, mark):
    assert verdict(answer, truth)[0] == mark


def test_a_model_that_abstains_gives_no_answer_whatever_is_likeliest():
    shown = card(Shown(THIEF, "as it is", PICTURE, Answer("instrument", 0.14, True), truth="bird"))
    assert "No answer" in shown and "instrument" not in shown


def test_a_prompt_is_shown_as_text_and_the_key_stands_between_the_first_two():
    one = Shown(THIEF, "A thief guesses “<img src=x>”", PICTURE, Answer("bird", 0.9, False), truth="coin")
    two = Shown(HOLDER, "the holder", PICTURE, Answer("coin", 0.8, False), truth="coin", shares=(("coin", 0.8),))
    drawn = cards([one, two], between="<i>the key</i>")
    assert "<img src=x>" not in drawn and "&lt;img src=x&gt;" in drawn
    assert drawn.index("thief") < drawn.index("the key") < drawn.index("the holder")
    assert "✗" in drawn and "✓" in drawn and "80%" in drawn


def test_bars_are_as_long_as_their_scores():
    drawn = score_bars([("<b>", 0.9, "green"), ("none", 0.0, "red")])
    assert "width:90.0%" in drawn and "width:0.5%" in drawn and "<b>&lt;" not in drawn and "&lt;b&gt;" in drawn


def test_a_stranger_has_neither_hand_nor_style_and_the_worst_case_all_but_the_prompt():
    from modellock_core import Key, new_hand

    key = Key.create("in watercolor", hand=new_hand())
    assert Guess(" ", True).key(key) is None
    assert Guess("in sepia ", False).key(key).hand is None
    assert (worst := Guess("in sepia", True).key(key)).hand == key.hand and worst.prompt == "in sepia"


def test_twelve_test_images_are_right_with_the_key_and_not_without():
    drawn = unlock.twelve(EXAMPLE, "in sepia", False, VISITOR)
    thief, holder, guess = drawn.split("<section")[1:]
    right = [part.count('class="right"') for part in (thief, holder, guess)]
    assert right[1] >= 10 and right[0] <= 3 and right[2] <= 3
    assert unlock.twelve(MINE, "", False, VISITOR) == ""


def test_the_model_s_line_names_its_key_and_what_to_do_where_there_is_none():
    text, of = unlock.describe(EXAMPLE, VISITOR)
    assert "Locked with “" in text and unlock.describe(EXAMPLE, VISITOR)[1] == of
    text, other = unlock.describe(MINE, VISITOR)
    assert (
        text == "Nothing is locked yet; lock a model in step 2, wait until it is done, or choose the example."
        and other != of
    )


def test_a_long_photo_is_cropped_with_a_word():
    wide, even = (Image.effect_noise(size, 80).convert("RGB") for size in ((90, 60), (60, 60)))
    said = "The model sees the centre square of your image."
    assert said in unlock.predict(wide, EXAMPLE, "", False, VISITOR)
    assert said not in unlock.predict(even, EXAMPLE, "", False, VISITOR)
