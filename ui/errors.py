"""Turn the core's errors into messages on the page."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

import gradio as gr

from modellock_core.errors import ModelLockError

from .warm_up import warm_up


def shows_errors(handler: Callable) -> Callable:
    """Let a handler (a function or a generator) show a `ModelLockError` as a `gr.Error`, without a trace."""
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def wrapped(*args, **kwargs):
            try:
                warm_up()
                yield from handler(*args, **kwargs)
            except ModelLockError as error:
                raise gr.Error(str(error), print_exception=False) from None

    else:

        @functools.wraps(handler)
        def wrapped(*args, **kwargs):
            try:
                warm_up()
                return handler(*args, **kwargs)
            except ModelLockError as error:
                raise gr.Error(str(error), print_exception=False) from None

    return wrapped
