"""Step 5, Riddle: guess the prompt that a model was locked with."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from .. import riddle
from ..colours import GREEN
from ..progress import idle, stopped
from .parts import LONG, PRIVATE, QUICK, QUIET, picture

RULES = f"""**Guess the key prompt.** A model is locked with a secret style of the list. Find it within {riddle.TRIES}
guesses: the nearer one comes to the secret edit, the more images the model gets right. A perfect game is worth
{riddle.POINTS} points; a wrong guess costs {riddle.WRONG_GUESS}."""
COLOURS = dict(zip(riddle.LEVELS, ("#2563eb", "#38bdf8", "#f59e0b", "#dc2626"), strict=True))
SQUARES = dict(zip(riddle.LEVELS, "🟦⬜🟨🟥", strict=True))
STYLE = """
  .headline {font-size: 1.25em; font-weight: 600}
  .scale {position: relative; display: flex; margin: 16px 0 8px}
  .scale span {border-top: 12px solid; padding-top: 4px; font-size: .9em; text-align: center}
  .scale i {position: absolute; top: -5px; width: 6px; height: 22px; margin-left: -3px; border-radius: 3px;
    background: var(--body-text-color); outline: 2px solid var(--background-fill-primary)}
  ol {list-style: none; padding: 0; margin: 12px 0}
  li {margin: 10px 0}
  li div:first-child {display: flex; justify-content: space-between; gap: 12px; overflow-wrap: anywhere}
  li div:first-child span:last-child {white-space: nowrap}
  li .track {height: 6px}
"""


def board(known: dict[str, Any] | None) -> str:
    """How a game stands, as HTML.

    Args:
        known: see `Riddle.known`; None where there is no riddle.
    """
    if known is None:
        return ""
    guesses, hints = known["guesses"], known["hints"]
    parts = [f'<div class="headline" role="status">{html.escape(_headline(known))}</div>']
    if guesses and known["guesses_left"]:
        parts.append(_scale(guesses[-1]["warmth"]))
    parts.append(
        f"<p>The model gets {known['without_key']:.0%} of the test images right without a key, "
        f"{known['with_key']:.0%} with the right one.</p>"
    )
    if hints:
        parts.append(f"<p>Hints: {html.escape('; '.join(hints.values()))}.</p>")
    if guesses:
        parts.append(f"<ol>{''.join(_row(guess) for guess in reversed(guesses))}</ol>")
    return "".join(parts)


def _headline(known: dict[str, Any]) -> str:
    guesses, left = known["guesses"], known["guesses_left"]
    if not left:
        squares = "".join("🟩" if guess["found"] else SQUARES[guess["level"]] for guess in guesses)
        found = f"Found with {_count(guesses)}: {known['points']} points."
        result = found if known["found"] else "Not found this time."
        return f"{result} The key prompt is “{known['key_prompt']}”. {squares}"
    stand = f"{_count(range(left))} left, {known['points']} points to win."
    if not guesses:
        return stand
    before = "your last guess" if len(guesses) > 1 else "no key at all"
    trend = riddle.trend(guesses[-1]["change"])
    compared = f"{trend} than" if trend else "about as warm as"
    return f"{guesses[-1]['level'].capitalize()}, {compared} {before}. {stand}"


def _count(guesses: list | range) -> str:
    return f"{len(guesses)} {'guess' if len(guesses) == 1 else 'guesses'}"


def _scale(warmth: float) -> str:
    """The levels side by side, and a mark on them."""
    low, zones = 0.0, ""
    for name, top in riddle.LEVELS.items():
        zones += f'<span style="width:{top - low:.0%};border-color:{COLOURS[name]}">{name}</span>'
        low = top
    meter = f'role="meter" aria-label="How warm" aria-valuemin="0" aria-valuemax="1" aria-valuenow="{warmth:.2f}"'
    return f'<div class="scale" {meter}>{zones}<i style="left:{warmth:.0%}"></i></div>'


def _row(guess: dict[str, Any]) -> str:
    """A guess with its bar."""
    name, colour = ("found", GREEN) if guess["found"] else (guess["level"], COLOURS[guess["level"]])
    arrow = {"warmer": "▲", "colder": "▼", "": "•"}[riddle.trend(guess["change"])]
    return (
        f"<li><div><span>{html.escape(guess['prompt'])}</span><span>{arrow} {guess['accuracy']:.0%}, {name}</span>"
        f'</div><div class="track"><div class="fill" style="width:{max(0.01, guess["warmth"]):.0%};'
        f'background:{colour}"></div></div></li>'
    )


def riddle_step() -> None:
    """Lay out and wire the step."""
    gr.Markdown(RULES)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            with gr.Row():
                start = gr.Button("New riddle", elem_id="riddle")
                stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="riddle-stop")
            bar = gr.HTML(elem_id="riddle-says")
            text = gr.Dropdown(
                [entry.prompt for entry in riddle.SECRETS], value=None, allow_custom_value=True, label="Your guess",
                info="Pick a style, or write one.", elem_id="riddle-guess",
            )  # fmt: skip
            button = gr.Button("Try it", variant="primary", elem_id="riddle-try")
            hint = gr.Button(**_next_hint(None), elem_id="riddle-hint")
        with gr.Column(scale=3, min_width=300):
            shown = gr.HTML(css_template=STYLE, elem_id="riddle-guesses")
            edit = picture("A picture, keyed", visible=False, height=riddle.SHOWN_SIZE, elem_id="riddle-picture")
    known = gr.JSON(visible=False)  # for those who play with a script
    show = {"fn": _show, "inputs": None, "outputs": [shown, hint, edit], **QUIET}

    def making(on: bool) -> list[dict]:
        return [gr.update(interactive=not on), gr.update(interactive=on)]

    turn = idle("Starting; if somebody else is locking a model, it is your turn after that.")
    run = start.click(lambda: [turn, *making(True)], None, [bar, start, stop], **QUIET).then(
        riddle.new_riddle,
        None,
        riddle.Making(bar, known),
        show_progress="minimal",
        show_progress_on=bar,
        **PRIVATE,
        **LONG,
    )
    run.then(**show).then(lambda: making(False), None, [start, stop], **QUIET)
    stopping = stop.click(stopped, shown, bar, cancels=[run], **QUIET)
    stopping.then(lambda: making(False), None, [start, stop], **QUIET)
    button.click(riddle.guess, text, known, **PRIVATE, **QUICK).then(**show)
    hint.click(riddle.hint, None, known, **PRIVATE, **QUICK).then(**show)


def _show(request: gr.Request) -> tuple[str, dict, dict]:
    """Board, hint button and picture, as the game stands."""
    known, edit = riddle.known(request), riddle.keyed_picture(request)
    return board(known), gr.update(**_next_hint(known)), gr.update(value=edit, visible=edit is not None)


def _next_hint(known: dict[str, Any] | None) -> dict[str, Any]:
    """What the button for hints says."""
    asks = {"kind": "what kind of style it is", "letter": "its first letter", "picture": "a picture edited with it"}
    given = [] if known is None else known["hints"]
    name = next((name for name in riddle.HINTS if name not in given), None)
    if name is None:
        return {"value": "No more hints", "interactive": False}
    playing = known is not None and known["guesses_left"] > 0
    return {"value": f"Hint: {asks[name]} (−{riddle.HINTS[name]} points)", "interactive": playing}
