"""The riddle's rules, and what of it a visitor gets; the locked model is that of the example, or a fake."""

import json
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

import modellock_core
from modellock_core import LockedModel, Progress, Work, load_editor
from modellock_core.editing.catalogue import find
from modellock_core.paths import EXAMPLE_LOCK
from ui import riddle, riddle_folder, riddle_game, riddle_stock
from ui.layout.riddle import board
from ui.riddle_game import HINTS, POINTS, TRIES, WRONG_GUESS, Guess, Riddle

SECRET = "in the style of Monet"
WANTED = (riddle.ALONE, 0.0)
OTHERS = [entry.prompt for entry in riddle_game.SECRETS if entry.prompt != SECRET]


@pytest.fixture
def visitor(tmp_path, monkeypatch):
    """A visitor with an empty folder."""
    monkeypatch.setattr(riddle, "session_folder", lambda request: tmp_path / request.session_hash)
    monkeypatch.setattr(riddle_stock, "AHEAD", 0)
    (tmp_path / "somebody").mkdir()
    return SimpleNamespace(session_hash="somebody", folder=tmp_path / "somebody" / "riddle")


@pytest.fixture
def fake_lock(monkeypatch):
    """Locks in no time, and keys that reach what `reached` says by prompt."""
    reached = {}
    example = LockedModel.load(EXAMPLE_LOCK)
    card = replace(example.card, unlocked_performance=0.9, locked_performance=0.1)

    def lock(dataset, key, *, recipe):
        def steps():
            for i in range(3):
                yield Progress("Locking", i + 1, 3)
            return SimpleNamespace(model=replace(example, card=card))

        return Work(steps())

    def performance_with(locked, split, key):
        yield Progress("Testing", 1, 1)
        return reached.get(key.prompt, 0.5)

    monkeypatch.setattr(modellock_core, "lock", lock, raising=False)
    monkeypatch.setattr("modellock_core.evaluation.performance.performance_with", performance_with)
    monkeypatch.setattr(riddle_folder, "SECRETS", (find(SECRET),))
    monkeypatch.setattr(riddle_folder, "_images", lambda: SimpleNamespace(test=None))
    return reached


@pytest.fixture
def started(visitor, fake_lock):
    """A visitor with a riddle."""
    list(riddle.new_riddle(WANTED, visitor))
    return visitor


def test_a_riddle_is_made_and_says_nothing_of_its_prompt(visitor, fake_lock):
    *progress, last = riddle.new_riddle(WANTED, visitor)
    assert all(view.known == gr.skip() for view in progress) and "fill" in progress[-1].bar
    assert last.known["guesses_left"] == TRIES and last.known["points"] == POINTS
    assert (last.known["without_key"], last.known["with_key"]) == (0.1, 0.9)
    assert "Monet" not in json.dumps(last.known) + last.bar + board(last.known)
    assert LockedModel.load(visitor.folder).card.locked_performance == 0.1


def test_a_riddle_that_is_stopped_half_made_leaves_the_old_one(started):
    riddle.guess("in watercolor", started)
    making = riddle.new_riddle(WANTED, started)
    next(making), next(making)
    making.close()
    assert [guess["prompt"] for guess in riddle.known(started)["guesses"]] == ["in watercolor"]
    assert riddle.guess("made of gold", started)["guesses_left"] == TRIES - 2


def test_a_new_riddle_replaces_the_old_one(started):
    riddle.guess("in watercolor", started)
    riddle.hint(started)
    *_, last = riddle.new_riddle(WANTED, started)
    assert riddle.known(started) == last.known and not last.known["guesses"] and not last.known["hints"]


def test_guesses_are_warmer_or_colder_than_the_one_before_and_the_first_than_no_key(started, fake_lock):
    fake_lock |= {OTHERS[0]: 0.15, OTHERS[1]: 0.3, OTHERS[2]: 0.28, OTHERS[3]: 0.95}
    for prompt in OTHERS[:4]:
        known = riddle.guess(prompt, started)
    assert [guess["level"] for guess in known["guesses"]] == ["ice-cold", "cold", "cold", "hot"]
    assert [riddle_game.trend(guess["change"]) for guess in known["guesses"]] == ["warmer", "warmer", "", "warmer"]
    assert known["guesses"][-1]["warmth"] == 1
    assert "Hot, warmer than your last guess" in board(known)


def test_the_prompt_is_found_by_its_name_or_in_other_words(visitor, fake_lock):
    for words in (SECRET, "monet", "painted by Monet"):
        list(riddle.new_riddle(WANTED, visitor))
        known = riddle.guess(words, visitor)
        assert known["found"] and known["key_prompt"] == SECRET and known["points"] == POINTS
        assert SECRET in board(known) and "Found with 1 guess:" in board(known)
        with pytest.raises(gr.Error, match="over"):
            riddle.guess(OTHERS[0], visitor)


def test_after_eight_wrong_guesses_it_is_over_and_the_prompt_is_told(started):
    for i, prompt in enumerate(OTHERS[:TRIES]):
        known = riddle.guess(prompt, started)
        assert known["guesses_left"] == TRIES - 1 - i
        assert (SECRET in json.dumps(known)) == (SECRET in board(known)) == (i + 1 == TRIES)
    assert known["points"] == 0 and not known["found"]
    for more in (riddle.guess, lambda _, request: riddle.hint(request)):
        with pytest.raises(gr.Error, match="over"):
            more(SECRET, started)
    assert riddle.keyed_picture(started) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "no guess yet"), (" ", "no guess yet"), ("florp the wibble", "finds no style"), ("zebra", "finds no style"),
     ("In WATERCOLOR", "already"), ("watercolor", "already")],
)  # fmt: skip
def test_what_is_no_guess_is_refused_and_costs_nothing(started, text, message):
    before = riddle.guess("in watercolor", started)
    with pytest.raises(gr.Error, match=message):
        riddle.guess(text, started)
    assert riddle.known(started) == before


def test_without_a_riddle_there_is_nothing_to_guess(visitor):
    for attempt in (lambda: riddle.guess(SECRET, visitor), lambda: riddle.hint(visitor)):
        with pytest.raises(gr.Error, match="press New riddle first"):
            attempt()
    assert riddle.known(visitor) is None and riddle.keyed_picture(visitor) is None and board(None) == ""


def test_hints_come_one_by_one_and_cost_points(started):
    for i, name in enumerate(HINTS, 1):
        assert riddle.keyed_picture(started) is None
        known = riddle.hint(started)
        assert [*known["hints"]] == [*HINTS][:i] and name in known["hints"]
        assert known["points"] == POINTS - sum([*HINTS.values()][:i])
    assert riddle.keyed_picture(started).size == (riddle.SHOWN_SIZE, riddle.SHOWN_SIZE)
    assert "painter" in board(known) and "starts with M" in board(known) and "Monet" not in board(known)
    with pytest.raises(gr.Error, match="no more hints"):
        riddle.hint(started)


def test_the_last_guess_with_all_hints_still_wins_something():
    wrong = tuple(Guess(prompt, 0.2, found=False) for prompt in OTHERS[: TRIES - 1])
    last = Riddle(SECRET, 0.1, 0.9, (*wrong, Guess(SECRET, 0.9, found=True)), hints=len(HINTS))
    assert last.points == POINTS - WRONG_GUESS * (TRIES - 1) - sum(HINTS.values()) > 0


def test_a_guess_at_a_riddle_that_was_replaced_meanwhile_is_none(started, monkeypatch):
    def slow(folder, secret, prompt):
        riddle_folder.save_game(started.folder, Riddle(OTHERS[0], 0.1, 0.9))
        return 0.5

    monkeypatch.setattr(riddle, "measured_guess", slow)
    with pytest.raises(gr.Error, match="meanwhile"):
        riddle.guess("in watercolor", started)
    assert not riddle.known(started)["guesses"]


def test_a_guess_is_shown_as_text():
    known = Riddle(SECRET, 0.1, 0.9, (Guess("<img src=x> in watercolor", 0.2, found=False),)).known()
    assert "<img" not in board(known) and "&lt;img" in board(known)


def test_every_secret_can_be_understood_and_hinted_at():
    reader = load_editor("compact").pipeline
    assert len(riddle_game.SECRETS) > 50
    for entry in riddle_game.SECRETS[::9]:
        assert entry.name in reader.read(entry.prompt).styles
        assert Riddle(entry.prompt, 0.1, 0.9, hints=len(HINTS)).known()["hints"].keys() == HINTS.keys()


@pytest.mark.slow
def test_a_riddle_is_really_locked_and_a_guess_is_measured_on_its_model(visitor, toybox, monkeypatch):
    monkeypatch.setattr(riddle_folder, "SECRETS", (find(SECRET),))
    monkeypatch.setattr(riddle_folder, "_images", lambda: toybox.limited(train=63, test=27))
    *_, last = riddle.new_riddle(WANTED, visitor)
    assert 0 < last.known["with_key"] <= 1  # few images: how well it opens is not the question here
    wrong = riddle.guess("in sepia", visitor)
    assert wrong["guesses"][0]["prompt"] == "in sepia" and not wrong["found"]
    assert 27 * wrong["guesses"][0]["accuracy"] == pytest.approx(round(27 * wrong["guesses"][0]["accuracy"]), abs=1e-3)
    assert riddle.guess(SECRET, visitor)["found"]
