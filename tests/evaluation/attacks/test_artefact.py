import hashlib
from dataclasses import replace

import pytest

from modellock_core import Key
from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.artefact import artefact, secrets_told

TINY = replace(BUDGETS["quick"], test_images=18)
HAND = "0123456789abcdef" * 2
KEY = Key(
    "with a zebra in the background", hand=HAND, seed=987654321, style=tuple(i / 7 for i in range(100)), id="b" * 32
)


def variants(rows):
    return {row.variant.partition(": ")[0]: row.variant.partition(": ")[2] for row in rows}


def test_the_bundled_lock_tells_nothing(target, result_of):
    rows = result_of(artefact(target, TINY))
    assert variants(rows) == {
        "card.json": "nothing", "model.safetensors": "nothing", "hashes of guesses": "nothing",
    }  # fmt: skip
    assert {row.score for row in rows} == {target.locked.card.locked_performance}


@pytest.fixture
def rows_of(target, result_of):
    """The rows, by variant, of the bundled lock with another card: `rows_of(recipe="...")`."""

    def attacked(**changes):
        leaky = replace(target.locked, card=replace(target.locked.card, **changes))
        return {row.variant: row for row in result_of(artefact(replace(target, locked=leaky), TINY))}

    return attacked


def test_a_hash_of_the_prompt_in_the_card_opens_the_model(target, rows_of):
    digest = hashlib.sha256(target.key.prompt.encode()).hexdigest()
    assert rows_of(key_hash=digest)["hashes of guesses: prompt"].score > 0.5
    assert "hashes of guesses: prompt" in rows_of(dataset=f"toybox-{digest[:16]}")  # cut short


def test_a_card_that_names_the_prompt_opens_the_model(target, rows_of):
    rows = rows_of(recipe=f"locked {target.key.prompt}")
    assert rows["card.json: prompt"].score > 0.5
    assert not any("Gogh" in variant for variant in rows)  # a report doesn't repeat the secret


def test_an_id_in_the_card_is_told_but_opens_nothing(target, rows_of):
    assert rows_of(dataset=target.key.id)["card.json: id"].score == target.locked.card.locked_performance


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Zebra_lock of 2024", {"prompt"}),
        ("in the background of a zebrafish", set()),
        (f"x{HAND.upper()}y", {"hand"}),
        ("seed 987654321", {"seed"}),
        ("seed 9876543210", set()),
        (str([i / 7 for i in range(100)]), {"style"}),
        (KEY.id, {"id"}),
    ],
)
def test_each_secret_is_found(text, kinds):
    assert set(secrets_told(text, KEY)) == kinds


def test_a_prompt_of_everyday_words_is_found_as_a_whole():
    key = Key("in the style of a painting")
    assert not secrets_told("a painting in style", key)
    assert set(secrets_told("locked in the style of a painting.", key)) == {"prompt"}


def test_the_default_seed_is_no_secret():
    assert not secrets_told("1024", Key("in sepia"))
