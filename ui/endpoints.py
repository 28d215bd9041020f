"""Make typed and documented functions endpoints of the page's HTTP API, and so tools of its MCP server."""

from __future__ import annotations

import importlib.util
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import gradio as gr
from gradio.components.api_component import Api
from gradio.utils import get_function_description, get_function_params
from gradio_client.utils import python_type_to_json_schema


def add_endpoint(function: Callable, returns: Mapping[str, type], **options: Any) -> None:
    """Offer a function under its own name, as `gr.api` does, with names and texts for all that comes and goes.

    Call it before the page's events are wired: who comes first has the name.

    Args:
        function: types stand in its signature, texts in its docstring; a generator's last value is the result.
        returns: types of what it returns, by name.
        options: of `gr.on`.
    """
    _, texts, _ = get_function_description(function)
    inputs = [
        Api(default, _schema(kind) | {"additional_description": texts[name]}, name)
        for name, _, default, kind in get_function_params(function)
    ]
    outputs = [Api(None, _schema(kind), name) for name, kind in returns.items()]
    description = " ".join(re.split(r"\n\n(?:Args|Returns|Yields|Raises):", inspect.getdoc(function) or "")[0].split())
    gr.on([], function, inputs, outputs, api_name=function.__name__, api_description=description, **options)


def offers_mcp() -> bool:
    """Whether the endpoints are MCP tools too: where gradio[mcp] is installed, as it is on Spaces."""
    return importlib.util.find_spec("mcp") is not None


def _schema(kind: Any) -> dict[str, Any]:
    """The JSON schema of a type; of `X | None` that of X, as its default says that it may be left out."""
    options = [option for option in get_args(kind) if option is not type(None)]
    return python_type_to_json_schema(options[0] if type(None) in get_args(kind) else kind)


def hide_events(page: gr.Blocks) -> None:
    """Let nobody call the page's own events from outside: their values are components, and their state is a visit's."""
    for function in page.fns.values():
        if not (function.outputs and all(isinstance(output, Api) for output in function.outputs)):
            function.api_visibility = "private"
