"""Where editors of the Hub run: here, or where a host that lends GPUs wants them; said before the first is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Editor

_places: list[Callable[[Editor], Editor]] = []


def run_in(place: Callable[[Editor], Editor]) -> None:
    """Let what `place` makes of an editor run it from now on."""
    _places[:] = [place]


def placed(editor: Editor) -> Editor:
    """The editor as it is run."""
    return _places[0](editor) if _places else editor
