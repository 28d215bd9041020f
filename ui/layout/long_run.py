"""Work of minutes on the page: one button starts it, another stops it, and a line says how it stands.

Gradio would fade that line while the work waits in its queue, and tells neither who comes first nor how long that
takes. So the page looks for itself whose turn it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gradio as gr

from ..progress import stopped
from ..turns import ask_for_turn, give_up_turn, waiting, waiting_line
from .parts import LONG, PRIVATE, QUIET, into_sight

EVERY = 2  # seconds between two looks at whose turn it is
STARTING = waiting("Starting.", "A moment, please.")


class LongRun(NamedTuple):
    """Work that can be stopped.

    Attributes:
        ended: the event when it has ended in any way.
        stopping: the event when Stop was pressed.
        halted: whether it was the last that happened.
    """

    ended: gr.events.Dependency
    stopping: gr.events.Dependency
    halted: gr.State


def long_run(
    start: gr.Button,
    stop: gr.Button,
    says: gr.HTML,
    kept: gr.components.Component | None,
    begins: Callable | None = None,
    meanwhile: gr.Button | None = None,
    at_once: Mapping[gr.components.Component, Any] | None = None,
    **work: Any,
) -> LongRun:
    """Wire work that only one visitor at a time can have done; while it runs, only Stop can be pressed.

    Args:
        start, stop: the buttons.
        says: where the work says whose turn it is, and how it stands.
        kept: what an earlier run has left on the page, if there is such a component; a stop leaves it there.
        begins: the event that starts it, if that is not the click.
        meanwhile: leads to something to do, and is there while the work waits and runs.
        at_once: what else changes when it begins, as values that JSON has.
        work: the event, as Gradio takes it: `fn`, one of `ui.turns.NAMES`, its inputs and outputs.
    """
    name = work["fn"].__name__
    halted, timer = gr.State(False), gr.Timer(EVERY, active=False)
    switches = [start, stop, *([meanwhile] if meanwhile else [])]

    def running(on: bool) -> list[dict[str, Any]]:
        return [gr.update(interactive=not on), gr.update(interactive=on), gr.update(visible=on)][: len(switches)]

    changed = dict(zip(switches, running(True), strict=True)) | dict(at_once or {})
    # before the server has heard of it
    script = f"() => {{{into_sight(says.elem_id)}; return {json.dumps([STARTING, *changed.values()])}}}"
    begun = (begins or start.click)(None, None, [says, *changed], js=script, **QUIET)

    def ask(request: gr.Request) -> tuple[bool, gr.Timer]:
        ask_for_turn(name, request)
        return False, gr.Timer(active=True)

    def look(request: gr.Request) -> tuple[Any, Any]:
        line = waiting_line(name, request)
        return (gr.skip(), gr.Timer(active=False)) if line is None else (line, gr.skip())

    asked = begun.then(ask, None, [halted, timer], **QUIET, concurrency_limit=None)
    timer.tick(look, None, [says, timer], **QUIET, concurrency_limit=None)
    run = asked.then(**work, show_progress="hidden", **PRIVATE, **LONG)

    def halt(request: gr.Request, left: Any = None) -> list[Any]:
        give_up_turn(name, request)
        return [True, stopped(left)]

    stopping = stop.click(halt, kept, [halted, says], cancels=[run], **QUIET)
    stopping = stopping.then(lambda: running(False), None, switches, **QUIET)

    def end(was_halted: bool, request: gr.Request, left: Any = None) -> list[Any]:
        give_up_turn(name, request)
        return [stopped(left) if was_halted else gr.skip(), gr.Timer(active=False), *running(False)]

    # said once more: Gradio may show the last progress of what it has stopped after what Stop has said
    ended = run.then(end, [halted] if kept is None else [halted, kept], [says, timer, *switches], **QUIET)
    return LongRun(ended, stopping, halted)
