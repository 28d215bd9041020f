"""Work of minutes on the page: one button starts it, another stops it, and a line says how it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import gradio as gr

from ..progress import stopped
from .parts import LONG, PRIVATE, QUIET


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
    waiting: str,
    kept: gr.components.Component | None,
    begins: Callable | None = None,
    **work: Any,
) -> LongRun:
    """Wire work that only one visitor at a time can have done; while it runs, only Stop can be pressed.

    Args:
        start, stop: the buttons.
        says: where the work says how it stands.
        waiting: what it says until the machine is free.
        kept: what an earlier run has left on the page, if there is such a component; a stop leaves it there.
        begins: the event that starts it, if that is not the click.
        work: the event, as Gradio takes it: `fn`, its inputs and outputs.
    """
    halted = gr.State(False)

    def running(on: bool) -> list[dict[str, Any]]:
        return [gr.update(interactive=not on), gr.update(interactive=on)]

    begun = (begins or start.click)(
        lambda: [False, waiting, *running(True)], None, [halted, says, start, stop], **QUIET
    )
    run = begun.then(**work, show_progress="minimal", show_progress_on=says, **PRIVATE, **LONG)
    stopping = stop.click(lambda left=None: [True, stopped(left)], kept, [halted, says], cancels=[run], **QUIET)
    stopping = stopping.then(lambda: running(False), None, [start, stop], **QUIET)

    def end(was_halted: bool, left: Any = None) -> list[Any]:
        return [stopped(left) if was_halted else gr.skip(), *running(False)]

    # said once more: Gradio may show the last progress of what it has stopped after what Stop has said
    ended = run.then(end, [halted] if kept is None else [halted, kept], [says, start, stop], **QUIET)
    return LongRun(ended, stopping, halted)
