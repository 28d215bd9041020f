"""Who calls, as far as a server can tell, and how much each may do in a while."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any

MAX_KNOWN = 10_000  # addresses; those that were seen longest ago are forgotten


def address(client: Any, headers: Mapping[str, str]) -> str:
    """A visitor's address.

    On a Space the client is Hugging Face's proxy, which names the visitor in a header. Elsewhere uvicorn reads such a
    header from the proxies that FORWARDED_ALLOW_IPS names.
    """
    if "SPACE_ID" in os.environ and (forwarded := headers.get("x-forwarded-for")):
        return forwarded.split(",")[0].strip()[:100]
    host = client[0] if isinstance(client, list | tuple) and client else getattr(client, "host", None)
    return str(host or "unknown")


def address_of(request: Any) -> str:
    """The address of the visitor behind a `gr.Request`."""
    return address(getattr(request, "client", None), getattr(request, "headers", None) or {})


class Allowance:
    """So much for each address in so many seconds."""

    def __init__(self, amount: float, seconds: float):
        self.amount, self.seconds = amount, seconds
        self._used: OrderedDict[str, deque[tuple[float, float]]] = OrderedDict()
        self._lock = threading.Lock()

    def left(self, who: str) -> float:
        """What an address may still use."""
        with self._lock:
            return self._left(who)

    def use(self, who: str, amount: float = 1) -> bool:
        """Take some of it; whether there was enough left."""
        with self._lock:
            enough = self._left(who) >= amount
            if enough:
                self._note(who, amount)
        return enough

    def note(self, who: str, amount: float) -> None:
        """Count what has been used already, enough or not."""
        with self._lock:
            self._note(who, amount)

    def _left(self, who: str) -> float:
        used = self._used.get(who, deque())
        while used and used[0][0] < time.monotonic() - self.seconds:
            used.popleft()
        return self.amount - sum(part for _, part in used)

    def _note(self, who: str, amount: float) -> None:
        self._used.setdefault(who, deque()).append((time.monotonic(), amount))
        self._used.move_to_end(who)
        while len(self._used) > MAX_KNOWN:
            self._used.popitem(last=False)
