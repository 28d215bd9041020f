"""The MCP tools, as an assistant's client sees them."""

import asyncio
import base64
import io

import pytest
from PIL import Image

pytest.importorskip("mcp", reason="needs gradio[mcp]")

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from modellock_core.paths import EXAMPLE_KEY


def data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@pytest.fixture(scope="module")
def picture():
    """A noisy picture as an assistant passes it."""
    content = io.BytesIO()
    Image.effect_noise((96, 96), 60).convert("RGB").save(content, "PNG")
    return data_uri(content.getvalue(), "image/png")


def ask(url: str, *calls: tuple[str, dict]) -> list:
    """Call tools at the same time, each from a client of its own; returns what they answer."""

    async def call(name, arguments):
        connection = streamable_http_client(f"{url}gradio_api/mcp/")
        async with connection as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            return (await session.call_tool(name, arguments)) if name else (await session.list_tools()).tools

    async def all_of_them():
        return await asyncio.gather(*(call(name, arguments) for name, arguments in calls))

    return asyncio.run(all_of_them())


def test_the_tools_are_the_endpoints_and_say_what_they_take(url):
    (tools,) = ask(url, ("", {}))
    assert [tool.name for tool in tools] == ["preview", "grid", "lock", "predict", "attack"]
    preview = tools[0]
    assert preview.description.startswith("Edit an image") and preview.inputSchema["required"] == ["image", "prompt"]
    for tool in tools:
        assert all(given.get("description") for given in tool.inputSchema["properties"].values())
    assert preview.inputSchema["properties"]["image"]["type"] == "string"  # an address or a data URI


def test_callers_at_the_same_time_get_their_own_results(url, picture):
    prompts = ["in watercolor", "made of gold", "in watercolor"]
    answers = ask(url, *(("preview", {"image": picture, "prompt": prompt, "size": 64}) for prompt in prompts))
    first, second, third = ([c.data for c in answer.content if c.type == "image"] for answer in answers)
    assert len(first) == len(second) == 1
    assert first == third != second


def test_a_key_is_of_the_call_that_brought_it_and_of_no_other(url, picture):
    key = data_uri(EXAMPLE_KEY.read_bytes(), "application/json")
    (with_key,) = ask(url, ("predict", {"image": picture, "key": key, "guess": "in winter"}))
    (without,) = ask(url, ("predict", {"image": picture}))
    assert "key_belongs_to_model" in with_key.content[0].text
    assert with_key.content[0].text != without.content[0].text


def test_bad_input_is_told_in_a_sentence(url, picture):
    (answer,) = ask(url, ("preview", {"image": picture, "prompt": " "}))
    assert answer.isError and "the key prompt is empty" in answer.content[0].text
