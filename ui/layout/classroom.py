"""The class's part of step 5: the invitation that everybody sees, the score board, and what its owner can do."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, NamedTuple

import gradio as gr

from .. import riddle
from ..classroom import MAX_NAME
from ..link_preview import address_of
from .parts import QUIET

PARAMETER = "lock"  # of the page's address
STYLE = """
  .code {font-size: 2.6em; font-weight: 700; letter-spacing: .12em; line-height: 1.2}
  @media (min-width: 1600px) {.code {font-size: 110px} div {font-size: 26px}}
"""
TABLE = """
  table {width: 100%; border-collapse: collapse; margin-top: 12px; font-size: 15px}
  table, thead, tr, th, td {border: none !important}
  th, td {text-align: left; padding: 8px 10px 8px 0 !important; border-bottom: 1px solid var(--line) !important;
    white-space: nowrap}
  th {color: var(--quiet); font-weight: 500}
  .name {white-space: normal; overflow-wrap: anywhere; width: 50%}
  .number {text-align: right}
  .mine td {font-weight: 700}
  @media (min-width: 1600px) {table, p {font-size: 34px}}
"""


@dataclass(frozen=True)
class ClassParts:
    """The components that are there in a class game alone."""

    group: gr.Column
    head: gr.HTML
    link: gr.Textbox
    joining: gr.Column
    nickname: gr.Textbox
    join: gr.Button
    owner: gr.Column
    reveal: gr.Button
    end: gr.Button

    @property
    def changing(self) -> tuple:
        """What a `ClassView` changes of them, in its order."""
        return self.group, self.head, self.link, self.joining, self.owner, self.reveal


class ClassView(NamedTuple):
    """What the page shows of a class game, in the order of its components."""

    outside: Any
    playing: Any
    leave: Any
    scores: Any
    timer: Any
    phase: Any
    group: Any
    head: Any
    link: Any
    joining: Any
    owner: Any
    reveal: Any


def class_parts() -> ClassParts:
    """Lay out the components."""
    with gr.Column(visible=False) as group:
        head = gr.HTML(css_template=STYLE, elem_id="class-head")
        with gr.Column(visible=False) as owner:
            link = gr.Textbox(label="Link for the class", interactive=False, buttons=["copy"], elem_id="class-link")
            with gr.Row():
                reveal = gr.Button("Tell all the prompt", elem_id="reveal")
                end = gr.Button("End the game", variant="stop", elem_id="end-class")
        with gr.Column(visible=False) as joining:
            nickname = gr.Textbox(
                label="Your nickname, as all will see it", max_length=MAX_NAME, elem_id="nickname",
                info="Not your real name.",
            )  # fmt: skip
            join = gr.Button("Play", variant="primary", elem_id="join-class")
    return ClassParts(group, head, link, joining, nickname, join, owner, reveal, end)


def phase_of(standing: dict[str, Any] | None) -> str:
    """What must change for the page to be laid out anew."""
    return "" if standing is None else f"{standing['code']} {'told' if standing['key_prompt'] else 'guessing'}"


def class_view(standing: dict[str, Any] | None, request: gr.Request, *, alone: bool) -> ClassView:
    """The class game as the visitor sees it.

    Args:
        standing: see `ClassGame.standing`; None where he looks at none.
        alone: whether he guesses alone where he looks at none.
    """
    inside = standing is not None
    shown = gr.update(visible=inside)
    if standing is None:
        link, joining, owner, reveal, plays = "", shown, shown, gr.skip(), alone
    else:
        told = standing["key_prompt"] is not None
        link = f"{address_of(request.request)}?{PARAMETER}={standing['code']}"
        plays, joining = standing["plays"] and not told, gr.update(visible=not standing["plays"] and not told)
        owner, reveal = gr.update(visible=standing["is_owner"]), gr.update(interactive=not told)
    hidden = gr.update(visible=not inside)
    return ClassView(
        hidden, gr.update(visible=plays), shown, scores(standing), gr.Timer(active=inside), phase_of(standing),
        shown, _head(standing), link, joining, owner, reveal,
    )  # fmt: skip


def scores(standing: dict[str, Any] | None) -> str:
    """The score board, as HTML."""
    if standing is None:
        return ""
    if not standing["scores"]:
        return "<p>Nobody plays yet. Open the link, choose a nickname, and guess.</p>"
    rows = "".join(
        f'<tr class="{"mine" if score["mine"] else ""}"><td class="number">{place}</td>'
        f'<td>{html.escape(score["nickname"])}</td><td class="number">{score["points"]}</td>'
        f'<td class="number">{score["guesses"]}</td><td>{_state(score)}</td></tr>'
        for place, score in enumerate(standing["scores"], 1)
    )
    heads = (
        '<th class="number">#</th><th class="name">name</th><th class="number">points</th><th class="number">tries</th>'
    )
    return f"<table><thead><tr>{heads}<th>found?</th></tr></thead><tbody>{rows}</tbody></table>"


def _state(score: dict[str, Any]) -> str:
    return "found" if score["found"] else "not found" if score["over"] else "playing"


def _head(standing: dict[str, Any] | None) -> str:
    if standing is None:
        return ""
    told = standing["key_prompt"]
    said = f"The key prompt is “{html.escape(told)}”." if told else f"Open for {_minutes(standing['minutes_left'])}."
    return f'<div>Class game</div><div class="code">{standing["code"]}</div><div role="status">{said}</div>'


def _minutes(count: int) -> str:
    return f"{count} more minutes" if count < 120 else f"{count / 60:.0f} more hours"


def link_opens(session: gr.events.Dependency, tabs: gr.Tabs) -> gr.events.Dependency:
    """Let the address of a class game open it, once the visitor's folder is known."""
    return session.then(_opened_by_link, None, tabs, **QUIET)


def _opened_by_link(request: gr.Request) -> Any:
    code = request.query_params.get(PARAMETER)
    if not code:
        return gr.skip()
    try:
        riddle.open_class(code, request)
    except gr.Error as error:
        gr.Warning(str(error.message))
    return gr.Tabs(selected="riddle")
