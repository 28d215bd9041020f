"""Step 5, Riddle: guess the prompt that a model was locked with."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import gradio as gr

from .. import gallery, riddle, riddle_game, riddle_stock
from ..colours import GREEN
from ..sharing import ADDRESS, COPY
from ..turns import waiting
from .classroom import TABLE, ClassView, class_parts, class_view, link_opens, phase_of, scores
from .long_run import long_run
from .parts import PREVIEW, PRIVATE, QUIET, into_sight, meanwhile_button, picture

RULES = f"""**Guess the key.** A model is locked with one of the {len(riddle_game.SECRETS)} looks below. Which? You
have {riddle_game.TRIES} guesses: the nearer one comes to the secret look, the more photos the model gets right. Found
at once, it is worth {riddle_game.POINTS} points; each wrong guess costs {riddle_game.WRONG_GUESS}. Riddles
have no key file, so the words alone open them, and their locks are quick ones that leak a little."""
CLASS_RULES = f"""**Or start one.** You get six letters and a link for the room. Everybody gets the same model and
{riddle_game.TRIES} guesses of his own, and sees the score board."""
SQUARES = dict(zip((*riddle_game.LEVELS, "found"), "🟦⬜🟧🟥🟩", strict=True))
COPY_RESULT = f"""() => {{
    {COPY}
    copy(document.querySelector("#riddle-guesses .over").dataset.result + " " + {ADDRESS}.href);
}}"""
TRY, TRYING = "Try it", "Trying it on the test photos …"
PLAYERS = [("Play alone", riddle.ALONE), ("With a class", riddle.CLASS)]
THUMBNAIL = 144  # px, of a look
EVERY = 4  # seconds between two looks at the score board
GUESSES = {"concurrency_limit": 8, "concurrency_id": "guesses"}  # most of a class's are known, and wait for none
COLOURS = dict(zip(riddle_game.LEVELS, ("#2563eb", "#38bdf8", "#f59e0b", "#dc2626"), strict=True))
STYLE = """
  .headline {font-size: 1.25em; font-weight: 600; margin-bottom: 4px}
  .over {border: 3px solid var(--thief); border-radius: 16px; padding: 12px 16px; margin-bottom: 14px;
    background: var(--card)}
  .over.found {border-color: var(--holder)}
  .over .headline {color: var(--thief); font-size: 1.5em; line-height: 1.2}
  .over.found .headline {color: var(--holder)}
  .over p {margin: 4px 0 0}
  .squares {display: flex; gap: 5px; margin-top: 10px}
  .squares i {width: 22px; height: 22px; border-radius: 5px}
  .scale {position: relative; display: flex; margin: 16px 0 8px}
  .scale span {border-top: 12px solid; padding-top: 4px; font-size: .9em; text-align: center}
  .scale i {position: absolute; top: -5px; width: 6px; height: 22px; margin-left: -3px; border-radius: 3px;
    background: var(--body-text-color); outline: 2px solid var(--background-fill-primary)}
  ol {list-style: none; padding: 0; margin: 12px 0}
  li {margin: 10px 0}
  li div:first-child {display: flex; justify-content: space-between; gap: 12px; overflow-wrap: anywhere}
  li div:first-child span:last-child {white-space: nowrap}
  li .track {height: 6px}
  @media (min-width: 1600px) {
    .headline {font-size: 32px} .over .headline {font-size: 40px} p {font-size: 22px} li, .scale span {font-size: 26px}
    li .track {height: 12px} .squares i {width: 36px; height: 36px}
  }
"""
LOOKING = waiting("Looking for a riddle.", "A moment, please.")


def board(known: dict[str, Any] | None) -> str:
    """How a game stands, as HTML.

    Args:
        known: see `Riddle.known`; None where there is no riddle.
    """
    if known is None:
        return ""
    guesses, hints, over = known["guesses"], known["hints"], not known["guesses_left"]
    parts = [_over(known) if over else f'<div class="headline" role="status">{html.escape(_headline(known))}</div>']
    if guesses and not over:
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


def _over(known: dict[str, Any]) -> str:
    """How a game has ended, with a square for each guess."""
    guesses, found = known["guesses"], known["found"]
    result = f"Found with {_count(guesses)}: {known['points']} points." if found else "Not found this time."
    shown = [_name_and_colour(guess) for guess in guesses]
    squares = "".join(f'<i style="background:{colour}"></i>' for _, colour in shown)
    text = f"ModelLock riddle: {result.lower()} {''.join(SQUARES[name] for name, _ in shown)}"  # tells no secret
    return (
        f'<div class="over {"found" if found else ""}" role="status" data-result="{html.escape(text)}">'
        f'<div class="headline">{result}</div>'
        f"<p>The key prompt is “{html.escape(known['key_prompt'])}”.</p>"
        f'<div class="squares" aria-hidden="true">{squares}</div></div>'
    )


def _headline(known: dict[str, Any]) -> str:
    guesses, left = known["guesses"], known["guesses_left"]
    stand = f"{_count(range(left))} left, {known['points']} points to win."
    if not guesses:
        return stand
    before = "your last guess" if len(guesses) > 1 else "no key at all"
    trend = riddle_game.trend(guesses[-1]["change"])
    compared = f"{trend} than" if trend else "about as warm as"
    return f"{guesses[-1]['level'].capitalize()}, {compared} {before}. {stand}"


def _count(guesses: list | range) -> str:
    return f"{len(guesses)} {'guess' if len(guesses) == 1 else 'guesses'}"


def _scale(warmth: float) -> str:
    """The levels side by side, and a mark on them."""
    low, zones = 0.0, ""
    for name, top in riddle_game.LEVELS.items():
        zones += f'<span style="width:{top - low:.0%};border-color:{COLOURS[name]}">{name}</span>'
        low = top
    meter = f'role="meter" aria-label="How warm" aria-valuemin="0" aria-valuemax="1" aria-valuenow="{warmth:.2f}"'
    return f'<div class="scale" {meter}>{zones}<i style="left:{warmth:.0%}"></i></div>'


def _row(guess: dict[str, Any]) -> str:
    """A guess with its bar."""
    name, colour = _name_and_colour(guess)
    arrow = {"warmer": "▲", "colder": "▼", "": "•"}[riddle_game.trend(guess["change"])]
    return (
        f"<li><div><span>{html.escape(guess['prompt'])}</span><span>{arrow} {guess['accuracy']:.0%}, {name}</span>"
        f'</div><div class="track"><div class="fill" style="width:{max(0.01, guess["warmth"]):.0%};'
        f'background:{colour}"></div></div></li>'
    )


def _name_and_colour(guess: dict[str, Any]) -> tuple[str, str]:
    return ("found", GREEN) if guess["found"] else (guess["level"], COLOURS[guess["level"]])


class View(NamedTuple):
    """How a game stands, in the order of the page's components."""

    board: Any
    hint: Any
    picture: Any
    button: Any
    start: Any
    choosing: Any
    copy: Any


def riddle_step(tabs: gr.Tabs, opened: gr.Tab) -> Callable[[gr.events.Dependency], None]:
    """Lay out and wire the step.

    Args:
        opened: the step's tab.

    Returns:
        wires what happens when the visitor's folder is known: the link of a class game opens it.
    """
    gr.Markdown(RULES)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            with gr.Column() as outside:
                players = gr.Radio(PLAYERS, value=riddle.ALONE, show_label=False, elem_id="players", container=False)
                with gr.Column(visible=False) as invitation:
                    code = gr.Textbox(
                        label="Join a class game: its six letters", max_length=200, elem_id="class-code",
                        placeholder="BODAVI",
                    )  # fmt: skip
                    enter = gr.Button("Join", variant="primary", elem_id="open-class")
                    gr.Markdown(CLASS_RULES, elem_classes="glossary")
                with gr.Row():
                    start = gr.Button("New riddle", variant="primary", elem_id="riddle")
                    start_class = gr.Button("Start a class game", visible=False, elem_id="start-class")
                    stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="riddle-stop")
                bar = gr.HTML(elem_id="riddle-says")
                meanwhile = meanwhile_button(tabs)
            room = class_parts()
            with gr.Column(visible=False) as playing:
                text = gr.Dropdown(
                    [entry.prompt for entry in riddle_game.SECRETS], value=None, allow_custom_value=True,
                    label="Your guess", info="Choose a look from the pictures or the list, or write one.",
                    elem_id="riddle-guess",
                )  # fmt: skip
                button = gr.Button(TRY, variant="primary", interactive=False, elem_id="riddle-try")
                hint = gr.Button(**_next_hint(None), elem_id="riddle-hint")
            shown = gr.HTML(css_template=STYLE, padding=False, elem_id="riddle-guesses")
            copy = gr.Button("Copy this result", size="sm", visible=False, elem_id="copy-result")
            leave = gr.Button("Leave the class game", size="sm", visible=False, elem_id="leave-class")
        with gr.Column(scale=3, min_width=300):
            table = gr.HTML(css_template=TABLE, elem_id="class-scores")
            edit = picture("Edited with the key", visible=False, height=riddle.SHOWN_SIZE, elem_id="riddle-picture")
            with gr.Column() as choosing:
                gr.Markdown("### It is one of these", elem_id="looks-title")
                looks = gr.Gallery(
                    gallery.pictures(riddle_game.SECRETS, THUMBNAIL), show_label=False, height=560, format="jpeg",
                    allow_preview=False, interactive=False, buttons=[], elem_classes="samples large", elem_id="looks",
                )  # fmt: skip
    known = gr.JSON(visible=False)  # for those who play with a script
    wanted, phase, turned = gr.State(), gr.State(""), gr.State()
    timer = gr.Timer(EVERY, active=False)

    outputs = [
        *View(shown, hint, edit, button, start, choosing, copy),
        *ClassView(outside, playing, leave, table, timer, phase, *room.changing),
    ]
    show = {"fn": _show, "inputs": players, "outputs": outputs, **QUIET, **PREVIEW}
    players.change(_of_players, players, [invitation, start, start_class], **QUIET).then(**show)
    started = riddle.Start(bar, known, wanted)
    for press in (start, start_class):
        press.click(None, None, [bar, shown], js=f"() => {json.dumps([LOOKING, ''])}", **QUIET)
    start.click(riddle.start_alone, None, started, **QUIET).then(**show)
    start_class.click(riddle.start_class, None, started, **QUIET).then(**show)
    run = long_run(
        start, stop, bar, shown, wanted.change, meanwhile, fn=riddle.new_riddle, inputs=wanted,
        outputs=riddle.Making(bar, known),
    )  # fmt: skip
    run.ended.then(**show)
    button.click(None, None, button, js=f"() => ({json.dumps(gr.update(value=TRYING, interactive=False))})", **QUIET)
    button.click(riddle.guess, text, known, **PRIVATE, **GUESSES).then(**show)
    # nothing can be tried before the chosen look has become the guess
    locked = json.dumps(gr.update(interactive=False))
    looks.select(None, None, button, js=f"() => {{{into_sight('riddle-guess')}; return {locked}}}", **QUIET)
    looks.select(_chosen_look, None, text, **QUIET).then(_can_try, None, button, **QUIET)
    hint.click(riddle.hint, None, known, **PRIVATE).then(**show)

    copy.click(None, js=COPY_RESULT, **QUIET).then(lambda: gr.Info("Result copied."), **QUIET)
    gr.on([enter.click, code.submit], riddle.open_class, code, None, **QUIET).then(**show)
    gr.on([room.join.click, room.nickname.submit], riddle.join_class, room.nickname, None, **QUIET).then(**show)
    for pressed, action in (
        (leave, riddle.leave_class), (room.reveal, riddle.reveal), (room.end, riddle.end_class)
    ):  # fmt: skip
        pressed.click(action, None, None, **QUIET).then(**show)
    timer.tick(_watch, phase, [table, turned], **QUIET, concurrency_limit=None)
    turned.change(**show)
    opened.select(riddle_stock.keep_some_ready, None, None, **QUIET).then(**show)
    tabs.select(_only_here, None, timer, **QUIET)

    def at_load(session: gr.events.Dependency) -> None:
        link_opens(session, tabs).then(**show)

    return at_load


def _before(ready: bool) -> str:
    """What to do before there is a riddle."""
    if ready:
        return "<p><b>A riddle is ready.</b> Press New riddle: it starts at once.</p>"
    return (
        "<p><b>No riddle is ready yet.</b> Press New riddle: a model is locked for you. That takes about half a "
        "minute on an idle machine, and comes after whatever runs already.</p>"
    )


def _chosen_look(event: gr.SelectData) -> str:
    """The prompt of the look that was clicked."""
    return riddle_game.SECRETS[event.index].prompt


def _plays(known: dict[str, Any] | None) -> bool:
    """Whether there is a game that is not over; `known` as in `board`."""
    return known is not None and known["guesses_left"] > 0


def _can_try(request: gr.Request) -> dict[str, Any]:
    """The button that tries a guess: it can be pressed while a game runs."""
    return gr.update(interactive=_plays(riddle.known(request)))


def _of_players(players: str) -> list[dict[str, Any]]:
    """How a class game is joined, and the button that starts a game."""
    alone = players == riddle.ALONE
    return [gr.update(visible=not alone), gr.update(visible=alone), gr.update(visible=not alone)]


def _show(players: str, request: gr.Request) -> tuple:
    """Board, hint button, picture and class, as the game stands.

    Args:
        players: `riddle.ALONE` or `riddle.CLASS`, which a visitor chooses where he looks at no class game.
    """
    standing, known, edit = riddle.class_standing(request), None, None
    if standing is not None or players == riddle.ALONE:  # his own riddle waits where he looks for a class
        known, edit = riddle.known(request), riddle.keyed_picture(request)
    plays = _plays(known)
    playing = View(
        board(known) if known or standing or players == riddle.CLASS else _before(riddle_stock.is_ready()),
        gr.update(**_next_hint(known)), gr.update(value=edit, visible=edit is not None),
        gr.update(value=TRY, interactive=plays), gr.update(variant="secondary" if plays else "primary"),
        gr.update(visible=standing is None or plays), gr.update(visible=known is not None and not plays),
    )  # fmt: skip
    # whoever has no riddle, or has finished it, needs nothing to guess with
    alone = players == riddle.ALONE and plays
    return (*playing, *class_view(standing, request, alone=alone))


def _watch(phase: str, request: gr.Request) -> tuple:
    """The score board, and whether the class game has come to its next phase."""
    standing = riddle.class_standing(request)
    if phase == phase_of(standing):
        return scores(standing), gr.skip()
    if standing is None:
        gr.Info("The class game has ended.")
    return scores(standing), phase_of(standing)


def _only_here(event: gr.SelectData) -> Any:
    """A timer that stops when another step is shown."""
    return gr.skip() if "Riddle" in str(event.value) else gr.Timer(active=False)


def _next_hint(known: dict[str, Any] | None) -> dict[str, Any]:
    """What the button for hints says."""
    asks = {"kind": "what kind of style it is", "letter": "its first letter", "picture": "a picture edited with it"}
    given = [] if known is None else known["hints"]
    name = next((name for name in riddle_game.HINTS if name not in given), None)
    if name is None:
        return {"value": "No more hints", "interactive": False}
    return {"value": f"Hint: {asks[name]} (−{riddle_game.HINTS[name]} points)", "interactive": _plays(known)}
