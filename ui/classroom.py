"""Class games: one riddle for a whole room. Who has its code plays with a nickname, each with guesses of his own.

The games live in this process and end with it; the page gets only what `ClassGame.standing` and `Riddle.known` tell.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellock_core.errors import ModelLockError

from .riddle_folder import load_game, measured_guess
from .riddle_game import Riddle, answered, hinted
from .visitors import Allowance

LIFE = 3 * 3600  # seconds
MOST, MAX_PLAYERS, MAX_VISITORS = 20, 60, 240  # games at a time; of one game
MAX_NAME = 20  # characters of a nickname
MAX_MEASURED = 160  # different prompts that are measured in one game
STARTS_AN_HOUR, WRONG_CODES_AN_HOUR = 6, 60  # of one address
CONSONANTS, VOWELS = "BDFGHKLMNPRSTVZ", "AEIOU"  # a code is three syllables, such as BODAVI
NOT_YOURS = "only who has started the class game can do this"
FULL = f"{MOST} class games run already; try again when one has ended"
ENDED = "this class game has ended"


@dataclass
class Player:
    """Who plays: his nickname, and how his game stands."""

    nickname: str
    game: Riddle


class ClassGame:
    """A riddle that many solve at the same time.

    Args:
        code: opens it.
        folder: of the riddle; it goes when the game ends.
        owner: the visitor who has started it.
    """

    def __init__(self, code: str, folder: Path, owner: str):
        riddle = load_game(folder)
        assert riddle is not None
        self.code, self.folder, self.owner, self.riddle = code, folder, owner, riddle
        self.ends, self.revealed = time.monotonic() + LIFE, False
        self.visitors = {owner}  # who looks at it now
        self.players: dict[str, Player] = {}
        self.measured: dict[str, float] = {}  # prompt -> accuracy: thirty phones ask the same
        self.lock, self.measuring = threading.Lock(), threading.Lock()

    def join(self, visitor: str, nickname: str | None) -> None:
        """Let a visitor play.

        Raises:
            ModelLockError: the nickname is none or somebody's, or there are `MAX_PLAYERS`.
        """
        name = checked_nickname(nickname)
        with self.lock:
            if name.casefold() in (player.nickname.casefold() for player in self.players.values()):
                raise ModelLockError(f"somebody is called {name} already; choose another nickname")
            if visitor in self.players:
                raise ModelLockError("you play already")
            if len(self.players) >= MAX_PLAYERS:
                raise ModelLockError(f"{MAX_PLAYERS} play already, and no more can")
            self.players[visitor] = Player(name, self.riddle)

    def guess(self, visitor: str, text: str | None) -> None:
        """Try a prompt; each prompt is measured once, whoever tries it."""
        self._play(visitor, lambda game: answered(game, text, self._accuracy))

    def hint(self, visitor: str) -> None:
        """Give a player his next hint."""
        self._play(visitor, hinted)

    def _play(self, visitor: str, move: Callable[[Riddle], Riddle]) -> None:
        if self.revealed:
            raise ModelLockError("the prompt is told; this game is over")
        player = self.players.get(visitor)
        if player is None:
            raise ModelLockError("choose a nickname first")
        before = player.game
        if not before.left:
            raise ModelLockError("your game is over; watch the others")
        now = move(before)
        with self.lock:
            if player.game is not before or self.revealed:
                raise ModelLockError("the game has changed meanwhile; look at it and try again")
            player.game = now

    def _accuracy(self, prompt: str) -> float:
        same = prompt.casefold()
        if same not in self.measured:
            with self.measuring:
                if same not in self.measured:
                    self.measured[same] = self._measure(prompt)
        return self.measured[same]

    def _measure(self, prompt: str) -> float:
        if len(self.measured) >= MAX_MEASURED:
            raise ModelLockError("the class has tried very many prompts; try one that somebody has tried")
        try:
            return measured_guess(self.folder, self.riddle.prompt, prompt)
        except (ModelLockError, OSError):
            if self.ended:  # while it was measured
                raise ModelLockError(ENDED) from None
            raise

    @property
    def ended(self) -> bool:
        """Whether its time is over, or its owner has ended it."""
        return time.monotonic() >= self.ends

    def known(self, visitor: str) -> dict[str, Any] | None:
        """What a visitor may know of his own game, see `Riddle.known`; None if he does not play."""
        player = self.players.get(visitor)
        return player and player.game.known(over=self.revealed)

    def standing(self, visitor: str) -> dict[str, Any]:
        """What everybody may know of the game; the prompt only once it is told."""
        with self.lock:
            players = list(self.players.items())
        scores = [
            {
                "nickname": player.nickname, "found": player.game.found, "guesses": len(player.game.guesses),
                "points": player.game.points if player.game.found else 0, "mine": who == visitor,
                "over": not player.game.left or self.revealed,
            }
            for who, player in players
        ]  # fmt: skip
        return {
            "code": self.code, "key_prompt": self.riddle.prompt if self.revealed else None,
            "is_owner": visitor == self.owner, "plays": visitor in self.players,
            "minutes_left": max(0, round((self.ends - time.monotonic()) / 60)),
            "scores": sorted(scores, key=lambda score: -score["points"]),
        }  # fmt: skip


def start_class(folder: Path, visitor: str) -> ClassGame:
    """Start a class game.

    Args:
        folder: of a riddle that is the game's from now on.

    Raises:
        ModelLockError: there are `MOST` games.
    """
    with _changes:
        if len(_games) >= MOST:
            shutil.rmtree(folder, ignore_errors=True)
            raise ModelLockError(FULL)
        code = new_code()
        while code in _games:
            code = new_code()
        game = _games[code] = ClassGame(code, folder, visitor)
    _look_at(game, visitor)
    return game


def check_may_start(address: str) -> None:
    """Take one of an address's starts.

    Raises:
        ModelLockError: there are `MOST` games, or the address has started too many.
    """
    remove_old_games()
    if len(_games) >= MOST:
        raise ModelLockError(FULL)
    if not _starts.use(address):
        raise ModelLockError(f"you have started {STARTS_AN_HOUR} class games in the last hour; come back later")


def open_class(text: str | None, visitor: str, address: str) -> ClassGame:
    """Show a visitor the game of a code.

    Args:
        text: the code, or a link that ends with it.

    Raises:
        ModelLockError: there is no such game, or too many look at it.
    """
    remove_old_games()
    code = (text or "").rpartition("=")[2].strip().upper()
    if not code:
        raise ModelLockError("write the six letters of the class game")
    if _wrong_codes.left(address) < 1:
        raise ModelLockError("you have tried very many codes; come back in an hour")
    game = _games.get(code)
    if game is None:
        _wrong_codes.use(address)
        raise ModelLockError("there is no class game with this code; it has ended, or a letter is wrong")
    if len(game.visitors) >= MAX_VISITORS:
        raise ModelLockError("too many look at this class game already")
    _look_at(game, visitor)
    return game


def class_of(visitor: str) -> ClassGame | None:
    """The class game that a visitor looks at."""
    with _changes:
        games = list(_games.values())
    return next((game for game in games if visitor in game.visitors and not game.ended), None)


def leave_class(visitor: str) -> None:
    """Show a visitor his own riddle again; his place in the game is kept."""
    with _changes:
        for game in _games.values():
            game.visitors.discard(visitor)


def reveal(visitor: str) -> None:
    """Tell everybody the prompt, which ends the guessing."""
    _owned(visitor).revealed = True


def end_class(visitor: str) -> None:
    """Remove the visitor's game."""
    _remove(_owned(visitor))


def remove_old_games() -> None:
    """Remove the games whose time is over."""
    with _changes:
        old = [game for game in _games.values() if game.ended]
    for game in old:
        _remove(game)


def checked_nickname(text: str | None) -> str:
    """A nickname without needless spaces.

    Raises:
        ModelLockError: it is empty, too long, or has other characters than letters, digits and a few marks.
    """
    name = " ".join(unicodedata.normalize("NFC", text or "").split())
    if not 1 <= len(name) <= MAX_NAME:
        raise ModelLockError(f"a nickname has 1 to {MAX_NAME} characters")
    if not all(unicodedata.category(character)[0] in "LMN" or character in " -_.'" for character in name):
        raise ModelLockError("a nickname has only letters, digits, spaces and - _ . '")
    return name


def new_code() -> str:
    """Six letters that are easily read aloud; 421,875 are possible, and wrong ones are limited."""
    return "".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(3))


_games: dict[str, ClassGame] = {}
_changes = threading.Lock()
_starts, _wrong_codes = Allowance(STARTS_AN_HOUR, 3600), Allowance(WRONG_CODES_AN_HOUR, 3600)


def _look_at(game: ClassGame, visitor: str) -> None:
    leave_class(visitor)
    game.visitors.add(visitor)


def _owned(visitor: str) -> ClassGame:
    game = class_of(visitor)
    if game is None or game.owner != visitor:
        raise ModelLockError(NOT_YOURS)
    return game


def _remove(game: ClassGame) -> None:
    with _changes:
        _games.pop(game.code, None)
    game.ends = time.monotonic()
    shutil.rmtree(game.folder, ignore_errors=True)
