"""Turn the core's errors into messages on the page."""

from __future__ import annotations

import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gradio as gr

from modellock_core.errors import ModelLockError, is_out_of_memory

from .cores import use_all_cores
from .warm_up import warm_up


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a `ModelLockError` as a `gr.Error`, without a trace; of any other error the log gets where, not what.

    The text of an error may hold a visitor's prompt.
    """
    try:
        yield
    except gr.Error as error:
        error.print_exception = False  # Gradio's own would tell the log the value
        raise
    except ModelLockError as error:
        raise gr.Error(str(error), print_exception=False) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise gr.Error(
                "the server has not enough memory for this; try fewer images", print_exception=False
            ) from None
        where = "".join(traceback.format_tb(error.__traceback__))
        print(f"{type(error).__name__}, its text is left out:\n{where}", file=sys.stderr, flush=True)
        raise gr.Error(
            "this went wrong on the server; try again, or with other settings", print_exception=False
        ) from None


def log_no_values(page: gr.Blocks) -> None:
    """Keep what visitors send out of the log, whatever goes wrong before or after a handler of a built page.

    Gradio would print all values of a call that has too few of them, prompt and hand among them.
    """
    process, check = page.process_api, page.validate_inputs

    async def processed(*args, **kwargs):
        with errors_shown():
            return await process(*args, **kwargs)

    def checked(function, inputs):
        if len(inputs) < len(function.inputs):
            raise ModelLockError(f"this call has {len(inputs)} values; it needs {len(function.inputs)}")
        check(function, inputs)

    page.process_api, page.validate_inputs = processed, checked


def shows_errors(handler: Callable) -> Callable:
    """Let a handler (a function or a generator) wait until all is loaded, and show the core's errors."""

    @functools.wraps(handler)
    def function(*args, **kwargs):
        with errors_shown():
            warm_up()
            use_all_cores()
            return handler(*args, **kwargs)

    @functools.wraps(handler)
    def generator(*args, **kwargs):
        with errors_shown():
            warm_up()
            yield from handler(*args, **kwargs)

    return generator if inspect.isgeneratorfunction(handler) else function
