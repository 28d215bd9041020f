"""Turn the core's errors into messages on the page."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

from modellock_core.errors import ModelLockError

from .warm_up import warm_up


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a `ModelLockError` as a `gr.Error`, without a trace."""
    try:
        yield
    except ModelLockError as error:
        raise gr.Error(str(error), print_exception=False) from None


def shows_errors(handler: Callable) -> Callable:
    """Let a handler (a function or a generator) wait until all is loaded, and show the core's errors."""

    @functools.wraps(handler)
    def function(*args, **kwargs):
        with errors_shown():
            warm_up()
            return handler(*args, **kwargs)

    @functools.wraps(handler)
    def generator(*args, **kwargs):
        with errors_shown():
            warm_up()
            yield from handler(*args, **kwargs)

    return generator if inspect.isgeneratorfunction(handler) else function
