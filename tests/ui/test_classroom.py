"""A class game, without a browser and without a model: who sees, may and gets what."""

import json
import threading
import time
from types import SimpleNamespace

import pytest

from modellock_core.errors import ModelLockError
from ui import classroom
from ui.layout.classroom import scores
from ui.riddle_folder import save_game
from ui.riddle_game import POINTS, TRIES, WRONG_GUESS, Riddle
from ui.visitors import Allowance

SECRET, WRONG = "in the style of Monet", ("in watercolor", "in sepia", "made of gold", "as a mosaic")


@pytest.fixture
def measured(monkeypatch):
    """The prompts that were measured, which takes a while."""
    prompts = []

    def measured_guess(folder, secret, prompt):
        prompts.append(prompt)
        time.sleep(0.05)
        return 0.5

    monkeypatch.setattr(classroom, "measured_guess", measured_guess)
    monkeypatch.setattr(classroom, "_games", {})
    monkeypatch.setattr(classroom, "_starts", Allowance(classroom.STARTS_AN_HOUR, 3600))
    monkeypatch.setattr(classroom, "_wrong_codes", Allowance(classroom.WRONG_CODES_AN_HOUR, 3600))
    return prompts


@pytest.fixture
def game(measured, tmp_path):
    """A class game that the teacher has started."""
    return started(tmp_path / "riddle")


def started(folder, owner="teacher"):
    folder.mkdir()
    save_game(folder, Riddle(SECRET, 0.1, 0.9))
    return classroom.start_class(folder, owner)


def come(game, *names):
    """Let visitors open the game and play under their own names."""
    for name in names:
        classroom.open_class(game.code, name, "1.2.3.4").join(name, name)


def test_a_code_opens_the_game_in_any_spelling_and_as_a_link(game):
    assert len(game.code) == 6 and game.code.isalpha() and game.code.isupper()
    for text in (game.code, f" {game.code.lower()} ", f"https://somewhere.org/?lock={game.code}"):
        assert classroom.open_class(text, "ada", "1.2.3.4") is game
    assert classroom.class_of("ada") is game and classroom.class_of("bob") is None
    classroom.leave_class("ada")
    assert classroom.class_of("ada") is None


@pytest.mark.parametrize(("code", "message"), [(None, "six letters"), ("XXXXXX", "no class game with this code")])
def test_a_wrong_code_is_told_in_a_line(game, code, message):
    with pytest.raises(ModelLockError, match=message):
        classroom.open_class(code, "ada", "1.2.3.4")


def test_codes_can_t_be_tried_for_long(game):
    for _ in range(classroom.WRONG_CODES_AN_HOUR):
        with pytest.raises(ModelLockError, match="no class game"):
            classroom.open_class("XXXXXX", "mallory", "6.6.6.6")
    with pytest.raises(ModelLockError, match="very many codes"):
        classroom.open_class(game.code, "mallory", "6.6.6.6")
    assert classroom.open_class(game.code, "ada", "1.2.3.4") is game


@pytest.mark.parametrize("nickname", ["", "  ", None, "x" * 21, "<b>Ada</b>", "a|b", "Ada\u202e", "**Ada**"])
def test_a_nickname_has_no_markup(game, nickname):
    with pytest.raises(ModelLockError, match="nickname"):
        game.join("ada", nickname)
    assert not game.standing("ada")["plays"]


def test_nicknames_are_different_and_in_any_language(game):
    for visitor, nickname in (("a", " Zoë  O'Neil "), ("b", "小明"), ("c", "अदिति")):
        game.join(visitor, nickname)
    assert [score["nickname"] for score in game.standing("a")["scores"]] == ["Zoë O'Neil", "小明", "अदिति"]
    with pytest.raises(ModelLockError, match="somebody is called"):
        game.join("d", "zoë o'neil")
    assert "Zoë O&#x27;Neil" in scores(game.standing("a"))


def test_no_more_play_than_may(game, monkeypatch):
    monkeypatch.setattr(classroom, "MAX_PLAYERS", 2)
    come(game, "ada", "bob")
    with pytest.raises(ModelLockError, match="no more can"):
        come(game, "eve")


def test_each_has_his_own_guesses_and_the_board_shows_no_guess(game):
    come(game, "ada", "bob")
    game.guess("ada", WRONG[0])
    game.guess("ada", "monet")
    game.guess("bob", WRONG[1])
    first, second = game.standing("bob")["scores"]
    assert (first["nickname"], first["points"], first["guesses"], first["found"]) == (
        "ada",
        POINTS - WRONG_GUESS,
        2,
        True,
    )
    assert (second["points"], second["guesses"], second["found"], second["mine"]) == (0, 1, False, True)
    assert game.known("ada")["key_prompt"] == SECRET and game.known("bob")["key_prompt"] is None
    said = json.dumps([game.standing("bob"), game.known("bob")])
    assert SECRET not in said and WRONG[0] not in said and game.known("teacher") is None


def test_who_does_not_play_can_t_guess_and_who_is_through_neither(game):
    with pytest.raises(ModelLockError, match="nickname first"):
        game.guess("ada", WRONG[0])
    come(game, "ada")
    game.guess("ada", SECRET)
    for move in (lambda: game.guess("ada", WRONG[0]), lambda: game.hint("ada")):
        with pytest.raises(ModelLockError, match="over"):
            move()


def test_thirty_phones_that_guess_the_same_at_once_cost_one_measurement(game, measured):
    names = [f"player {i}" for i in range(30)]
    come(game, *names)
    game.hint(names[0])
    threads = [threading.Thread(target=game.guess, args=(name, WRONG[i % 3])) for i, name in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(measured) == sorted(WRONG[:3])
    assert {score["guesses"] for score in game.standing("teacher")["scores"]} == {1}
    assert game.known(names[0])["points"] < game.known(names[3])["points"]


def test_a_class_tries_no_endless_list_of_prompts(game, monkeypatch):
    monkeypatch.setattr(classroom, "MAX_MEASURED", 1)
    come(game, "ada", "bob")
    game.guess("ada", WRONG[0])
    with pytest.raises(ModelLockError, match="very many prompts"):
        game.guess("ada", WRONG[1])
    game.guess("bob", WRONG[0])
    assert game.known("ada")["guesses_left"] == TRIES - 1


def test_only_its_owner_tells_the_prompt_and_ends_the_game(game):
    come(game, "ada")
    for act in (classroom.reveal, classroom.end_class):
        with pytest.raises(ModelLockError, match="only who has started"):
            act("ada")
    classroom.reveal("teacher")
    assert game.standing("ada")["key_prompt"] == SECRET == game.known("ada")["key_prompt"]
    with pytest.raises(ModelLockError, match="told"):
        game.guess("ada", WRONG[0])
    classroom.end_class("teacher")
    assert classroom.class_of("ada") is None and not game.folder.exists()
    with pytest.raises(ModelLockError, match="it has ended"):
        classroom.open_class(game.code, "ada", "1.2.3.4")


def test_a_guess_while_the_game_ends_tells_so(game, monkeypatch):
    come(game, "ada")

    def gone(folder, secret, prompt):
        classroom.end_class("teacher")
        raise ModelLockError(f"{folder} is no locked model")

    monkeypatch.setattr(classroom, "measured_guess", gone)
    with pytest.raises(ModelLockError, match=r"^this class game has ended$"):
        game.guess("ada", WRONG[0])


def test_a_game_ends_by_itself(game, monkeypatch):
    later = time.monotonic() + classroom.LIFE
    monkeypatch.setattr(classroom, "time", SimpleNamespace(monotonic=lambda: later))
    assert classroom.class_of("teacher") is None
    classroom.remove_old_games()
    assert not game.folder.exists()


def test_games_are_limited(game, tmp_path, monkeypatch):
    for _ in range(classroom.STARTS_AN_HOUR):
        classroom.check_may_start("1.2.3.4")
    with pytest.raises(ModelLockError, match="in the last hour"):
        classroom.check_may_start("1.2.3.4")
    monkeypatch.setattr(classroom, "MOST", 1)
    with pytest.raises(ModelLockError, match="run already"):
        classroom.check_may_start("5.6.7.8")
    with pytest.raises(ModelLockError, match="run already"):  # two were made at the same time
        started(tmp_path / "another")
    assert not (tmp_path / "another").exists()
