"""Secrets of a key beside its prompt: the hand, and the style of a picture. Checked here without loading a network."""

from __future__ import annotations

import hashlib
import math
import random
import re
import secrets
from collections.abc import Sequence

from ...errors import ModelLockError

STYLE_NUMBERS = 100
STYLE_LIMIT = 50.0  # of a number's size; the style encoder's own stay below 10
MAX_PROMPT = 300  # characters of a key prompt


def new_hand() -> str:
    """A hand: 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def is_hand(value: object) -> bool:
    """Whether it is a hand."""
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32}", value) is not None


def checked_style(values: object) -> tuple[float, ...]:
    """The numbers of a picture's style.

    Raises:
        ModelLockError: they are not 100 finite numbers.
    """
    numbers = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else []
    fits = len(numbers) == STYLE_NUMBERS and all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) and abs(v) <= STYLE_LIMIT
        for v in numbers
    )
    if not fits:
        raise ModelLockError(f"a style is {STYLE_NUMBERS} numbers from -{STYLE_LIMIT:g} to {STYLE_LIMIT:g}")
    return tuple(float(v) for v in numbers)


def draws_of(purpose: str, secret: str) -> random.Random:
    """Random numbers for one purpose of a secret, from all of its bits; nothing else can be told from them.

    A generator of torch would keep 32 bits of its seed. Of Python's, `random` alone is the same in every version.
    """
    digest = hashlib.sha256(f"{purpose}:{secret}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))


def noise_seed(seed: int, hand: str | None) -> int:
    """The seed of the start noise: a hand has its own noise for every seed, one of 2**32."""
    return seed if hand is None else int(draws_of(f"noise {seed}", hand).random() * 2**32)
