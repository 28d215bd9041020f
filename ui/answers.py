"""What a model answers to a picture, drawn as a card: green for who holds the key, red for who does not."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:  # they load torch
    from torch import Tensor

    from modellock_core import LockedModel

SIDE = 384  # px, of a large picture
HOLDER, THIEF = "holder", "thief"  # names of classes in page.css too
NO_ANSWER = "No answer"
PADLOCK = (  # shut, or open
    '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="4" y="10" width="16" height="12" rx="2.5" '
    'fill="currentColor"/><path d="{}" fill="none" stroke="currentColor" stroke-width="2.6"/></svg>'
)
SHUT, OPEN = (
    PADLOCK.format(shackle) for shackle in ("M7.5 11V7a4.5 4.5 0 0 1 9 0v4", "M7.5 11V6a4.5 4.5 0 0 1 8.8-1.4")
)


@dataclass(frozen=True)
class Answer:
    """What a model said to one picture.

    Attributes:
        label: the likeliest class; of a segmentation, the classes that it found.
        probability: of that class; of a segmentation, the mean over the pixels.
        abstains: whether that is no answer.
    """

    label: str
    probability: float
    abstains: bool


@dataclass(frozen=True)
class Shown:
    """A card.

    Attributes:
        who: `HOLDER` or `THIEF`.
        title: who asks the model what.
        picture: what the model sees.
        answer: what it says.
        note: a line under the answer.
        truth: what is in the picture, where that is known.
        shares: the likeliest classes and their probabilities, if they are to be drawn.
    """

    who: str
    title: str
    picture: Image.Image
    answer: Answer
    note: str = ""
    truth: str | None = None
    shares: tuple[tuple[str, float], ...] = ()


def data_uri(picture: Image.Image, side: int | None = None) -> str:
    """A picture as part of a page, with a longest side of `side` px at most."""
    if side and max(picture.size) > side:
        picture = picture.copy()
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "webp", quality=85)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def asked(locked: LockedModel, image: Tensor, top: int = 3) -> tuple[Answer, tuple[tuple[str, float], ...]]:
    """What a model answers to an image (1, 3, H, W), and its likeliest classes."""
    probabilities = locked.predict(image)[0]  # (K, ...)
    abstains = locked.task.prediction(probabilities).abstains
    if probabilities.ndim > 1:
        found = probabilities.argmax(0).unique().tolist()
        names = [locked.classes[i] for i in found if i] or [locked.classes[0]]
        return Answer(", ".join(names), float(probabilities.amax(0).mean()), abstains), ()
    values, order = probabilities.topk(min(top, len(probabilities)))
    shares = tuple((locked.classes[i], share) for i, share in zip(order.tolist(), values.tolist(), strict=True))
    return Answer(*shares[0], abstains), shares


def verdict(answer: Answer, truth: str | None) -> tuple[str, str]:
    """How an answer is marked ("none", "right", "wrong" or "said"), and its sign."""
    if answer.abstains:
        return "none", "–"
    if truth is None:
        return "said", ""
    return ("right", "✓") if answer.label == truth else ("wrong", "✗")


def card(shown: Shown) -> str:
    """A card as HTML."""
    mark, sign = verdict(shown.answer, shown.truth)
    answer = shown.answer
    said = NO_ANSWER if answer.abstains else f"{answer.label} {answer.probability:.0%}"
    bars = "".join(
        f'<li><span>{html.escape(name)}</span><i style="--share:{share:.1%}"></i><span>{share:.0%}</span></li>'
        for name, share in shown.shares
    )
    seen = f"{shown.title}; the model says: {said}"
    padlock = SHUT if mark in ("none", "wrong") else OPEN
    tick = f"&nbsp;<b>{sign}</b>" if mark in ("right", "wrong") else ""  # never on a line of its own
    return (
        f'<figure class="answer {shown.who}"><figcaption>{html.escape(shown.title)}</figcaption>'
        f'<img src="{data_uri(shown.picture, SIDE)}" alt="{html.escape(seen)}">'
        f'<p class="verdict {mark}">{padlock}{html.escape(said)}{tick}</p>'
        f'<p class="note">{html.escape(shown.note)}</p>{f"<ul>{bars}</ul>" if bars else ""}</figure>'
    )


def cards(shown: Sequence[Shown], between: str = "") -> str:
    """Cards side by side as HTML, what turns the first into the second between them."""
    drawn = [card(one) for one in shown]
    if between:
        drawn.insert(1, between)
    return f'<div class="answers n{len(shown)}" role="status">{"".join(drawn)}</div>'
