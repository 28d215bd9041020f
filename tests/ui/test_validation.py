"""What is told at a field before the queue."""

import pytest

import app
from ui import lock, validation

KEY = {"prompt": "in winter", "editor": "compact", "alpha": 0.5, "steps": 1, "edit_seed": 7}
LOCK = KEY | {"source": lock.TOYBOX, "upload": None, "recipe": "standard", "seed": 0}


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        (KEY | {"image": object(), "prompt": " "}, "prompt", validation.NO_PROMPT),
        (KEY | {"image": object(), "prompt": "x" * 301}, "prompt", validation.TOO_LONG),
        (KEY | {"image": None}, "image", validation.NO_IMAGE),
        (KEY | {"image": object(), "steps": None}, "steps", validation.NOT_WHOLE),
        (LOCK | {"alpha": 0}, "alpha", validation.NO_EDIT),
        (LOCK | {"source": lock.OWN}, "upload", validation.NO_ZIP),
        ({"image": object(), "choice": "", "guess": "x" * 301}, "guess", validation.TOO_LONG),
        ({"archive": None, "key_file": "key.json"}, "archive", validation.NO_FILE),
    ],
)
def test_what_is_wrong_stands_at_its_field(given, field, problem):
    problems = dict(zip(given, validation.problems_of(given), strict=True))
    assert problems.pop(field) == problem and set(problems.values()) == {None}


@pytest.mark.parametrize(
    "given",
    [
        KEY | {"image": object()},
        KEY | {"image": object(), "alpha": 0},  # shows the image as it is
        LOCK,
        {"image": object(), "choice": "", "guess": ""},  # the key is used
        {"archive": "model.zip", "key_file": "key.json"},
    ],
)
def test_what_can_be_done_passes(given):
    assert set(validation.problems_of(given)) == {None}


def test_the_page_s_events_are_checked_with_the_fields_that_they_have():
    checked = [function for function in app.build().fns.values() if function.validator]
    assert {function.fn for function in checked} >= {validation.spell.preview, validation.lock.run_lock}
    for function in checked:
        answer = function.validator(*(None for _ in function.inputs))
        assert len(answer) == len(function.inputs) and not all(one["is_valid"] for one in answer)
