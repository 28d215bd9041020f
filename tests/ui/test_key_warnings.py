"""What step 2 says of a weak key or recipe."""

import pytest
from PIL import Image

from ui.key_warnings import warn


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (("in the style of Van Gogh", True, None, "standard"), []),
        (("my grandmother's curtains", True, None, "thorough"), []),
        (("in the style of Van Gogh", False, None, "standard"), ["list that every thief tries first"]),
        (("my grandmother's curtains", False, None, "standard"), ["A thief who guesses it is in"]),
        (("with a zebra in the background", True, None, "standard"), ["11 to 19 %"]),
        (("next to a big zebra", True, None, "standard"), ["11 to 19 %"]),
        (("with a zebra in the background", True, Image.new("RGB", (8, 8)), "standard"), []),
        (("in watercolor", True, None, "paper"), ["barely locks"]),
        (("with a zebra in the background", False, None, "paper"), ["every thief", "11 to 19 %", "barely locks"]),
        (("", True, None, "standard"), []),
    ],
)
def test_it_warns_of_what_is_weak_and_of_nothing_else(key, said):
    shown = warn(*key)
    assert shown["visible"] == bool(said)
    assert shown["value"].count("**Careful:**") == len(said)
    assert all(words in shown["value"] for words in said)
