"""Limits on what visitors send, as a layer around Gradio's server: bytes of each call, of each visitor, and in time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from .sessions import held_open
from .visitors import Allowance, address

MB = 2**20
MAX_CALL = 2 * MB  # bytes of a call that uploads nothing; a prompt has 300 characters
MAX_FILE = 200 * MB  # of an uploaded file
PER_VISITOR, PER_SECONDS = 500 * MB, 3600  # of all that one address uploads in an hour
AT_ONCE = 4  # uploads of one address
TOTAL = 3 * 2**30  # bytes that all uploads and results together may take on disk
LONGEST = 600  # seconds that an upload may take
DRAINED, DRAINED_SECONDS = 2 * MAX_FILE, 10  # of a refused body: read, and kept nowhere
HEARTBEAT = "/heartbeat/"
# one writes a visitor's prompts to the disk, under a name made of them; the other is for developers, and never ends
REFUSED = ("/deep_link", "/dev/reload")

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


class Limits:
    """ASGI middleware that refuses what is too much with a line of text, and keeps sessions whose page is open.

    Args:
        cache: where Gradio keeps uploads and results.
    """

    def __init__(self, app: App, cache: Path):
        self.app, self.cache = app, cache
        self.uploaded = Allowance(PER_VISITOR, PER_SECONDS)
        self.running: Counter[str] = Counter()
        self._size, self._measured = 0, float("-inf")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, within its limits."""
        path = scope.get("path", "").rstrip("/")
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif path.endswith(REFUSED):
            await _refuse(scope, receive, send, 404, "there is no such page")
        elif path.endswith("/upload"):
            await self._upload(scope, receive, send)
        elif HEARTBEAT in path:
            with held_open(path.rpartition("/")[2]):
                await self.app(scope, receive, send)
        else:
            await _bounded(self.app, scope, receive, send, MAX_CALL, "this call is too large")

    async def _upload(self, scope: Message, receive: Receive, send: Send) -> None:
        who = address(scope.get("client"), Headers(scope=scope))
        left = int(self.uploaded.left(who))
        refusal = None
        if self.running[who] >= AT_ONCE:
            refusal = f"you are uploading {AT_ONCE} files already; wait until one is there"
        elif left <= 0:
            refusal = f"you have uploaded {PER_VISITOR // MB} MB in the last hour; come back later"
        elif self._stored() + sum(self.running.values()) * MAX_FILE >= TOTAL:
            refusal = "the server's disk is full at the moment; come back in an hour"
        if refusal:
            await _refuse(scope, receive, send, 429, refusal)
            return
        self.running[who] += 1
        try:
            most = min(left, MAX_FILE + MB)  # the form around a file has some bytes too
            used = await _bounded(self.app, scope, receive, send, most, "this upload is too large")
            self.uploaded.note(who, used)  # other uploads have run at the same time
        finally:
            self.running[who] -= 1
            if not self.running[who]:
                del self.running[who]

    def _stored(self) -> int:
        """Bytes in the cache, measured at most once a second."""
        if time.monotonic() - self._measured > 1:
            sizes = (file.lstat().st_size for file in self.cache.rglob("*") if file.is_file())
            try:
                self._size = sum(sizes)
            except FileNotFoundError:  # one went meanwhile; the next call measures again
                return self._size
            self._measured = time.monotonic()
        return self._size


async def _bounded(app: App, scope: Message, receive: Receive, send: Send, most: int, text: str) -> int:
    """Pass a request on unless its body is larger or takes longer than it may; returns the bytes that came."""
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isdecimal() or len(length) > 15 or int(length) > most:
        await _refuse(scope, receive, send, 413, f"{text}: at most {most / MB:.0f} MB are taken")
        return 0
    came, ended, refused = 0, False, False
    deadline = time.monotonic() + LONGEST

    async def counted() -> Message:
        nonlocal came, ended, refused
        if ended:  # what comes after the body is the visitor's leaving
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            message = {"type": "http.disconnect"}
            refused = True
        came += len(message.get("body", b""))
        ended = not message.get("more_body", False)
        if came > most:
            refused = ended = True
        return {"type": "http.disconnect"} if refused else message

    async def answered(message: Message) -> None:
        if not refused:
            await send(message)

    try:
        await app(scope, counted, answered)
    except Exception:
        if not refused:  # else it is how the app was told
            raise
    if refused:
        await _refuse(scope, receive, send, 413, f"{text}, or too slow: at most {most / MB:.0f} MB are taken")
    return came


async def _refuse(scope: Message, receive: Receive, send: Send, status: int, text: str) -> None:
    """Answer a request with a line of text, once some of its body has gone by: else a browser sees no answer."""
    came, deadline = 0, time.monotonic() + DRAINED_SECONDS
    while came < DRAINED:
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            break
        came += len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    await JSONResponse({"detail": text}, status_code=status, headers={"connection": "close"})(scope, receive, send)
