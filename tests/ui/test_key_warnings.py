"""What step 2 says of a weak key or recipe."""

import pytest

from ui.key_warnings import warn


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (("in the style of Van Gogh", True, "standard"), []),
        (("my grandmother's curtains", True, "thorough"), []),
        (("in the style of Van Gogh", False, "standard"), ["list that every thief tries first"]),
        (("my grandmother's curtains", False, "standard"), ["A thief who guesses it is in"]),
        (("with a zebra in the background", True, "standard"), []),
        (("in watercolor", True, "paper"), ["barely locks"]),
        (("with a zebra in the background", False, "paper"), ["every thief", "barely locks"]),
        (("", True, "standard"), []),
    ],
)
def test_it_warns_of_what_is_weak_and_of_nothing_else(key, said):
    shown = warn(*key)
    assert shown["visible"] == bool(said)
    assert shown["value"].count("**Careful:**") == len(said)
    assert all(words in shown["value"] for words in said)
