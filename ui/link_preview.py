"""What chats and networks show of a link to the page: a title, a sentence and a picture.

Gradio writes its own into the page, before those of `head=`, and whoever reads them runs no script.
"""

from __future__ import annotations

import html
import io
import re
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modellock_core.paths import GALLERY

from .before_after import SIZE
from .gallery import ENTRIES, box

TITLE = "ModelLock"
SENTENCE = "Put a password on an AI model: it only recognises pictures edited with your secret key."
PICTURE = "link-preview.jpg"
SHOWN = ("in the style of Van Gogh", "in watercolor", "in ukiyo-e style", "as a mosaic")
OTHERS = re.compile(r'<meta\s+(?:property="og:|name="twitter:|name="description")[^>]*>\s*')


class LinkPreview:
    """ASGI middleware that puts the preview's tags into the page, and serves their picture."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else None
        if path == f"/{PICTURE}":
            response = Response(picture(), media_type="image/jpeg", headers={"cache-control": "public, max-age=86400"})
            await response(scope, receive, send)
        elif path in ("", "/"):
            await self.app(scope, receive, _Rewriting(send, address_of(Request(scope))))
        else:
            await self.app(scope, receive, send)


class _Rewriting:
    """Collects an HTML answer, and sends it with the preview's tags in it; other answers pass."""

    def __init__(self, send: Send, address: str):
        self.send, self.address = send, address
        self.start: Message | None = None  # of an HTML answer
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                self.start = message
                return
        if self.start is None:
            await self.send(message)
            return
        self.body += message.get("body", b"")
        if not message.get("more_body"):
            body = with_preview(self.body.decode(), self.address).encode()
            MutableHeaders(raw=self.start["headers"])["content-length"] = str(len(body))
            await self.send(self.start)
            await self.send({"type": "http.response.body", "body": body})


def with_preview(page: str, address: str) -> str:
    """A page with our preview in place of others.

    Args:
        address: of the page, with a slash at its end.
    """
    properties = {
        "og:title": TITLE, "og:description": SENTENCE, "og:type": "website", "og:url": address,
        "og:image": address + PICTURE, "og:image:width": str(SIZE[0]), "og:image:height": str(SIZE[1]),
        "og:image:alt": "One photograph, edited with four key prompts",
    }  # fmt: skip
    tags = [f'<meta property="{name}" content="{html.escape(value)}" />' for name, value in properties.items()]
    tags += [
        '<meta name="twitter:card" content="summary_large_image" />',
        f'<meta name="description" content="{html.escape(SENTENCE)}" />',
    ]
    return OTHERS.sub("", page).replace("<head>", "<head>\n\t\t" + "\n\t\t".join(tags), 1)


def address_of(request: Request) -> str:
    """The page's address as its visitor sees it, perhaps behind a proxy; without what is after the question mark."""
    scheme, host = (
        request.headers.get(f"x-forwarded-{name}", "").partition(",")[0].strip() or otherwise
        for name, otherwise in (("proto", request.url.scheme), ("host", request.headers.get("host", "localhost")))
    )
    return f"{scheme}://{host}{request.scope.get('root_path', '').rstrip('/')}/"


@lru_cache(maxsize=1)
def picture() -> bytes:
    """The preview's picture: the title, and what four prompts make of a photograph (JPEG)."""
    card = Image.new("RGB", SIZE, "#0f172a")
    draw, side = ImageDraw.Draw(card), SIZE[1] // 2
    draw.text((50, 150), TITLE, "white", ImageFont.load_default(84))
    said = "Put a password on\nan AI model.\n\nIt only recognises\npictures edited with\nyour secret key."
    draw.multiline_text((50, 280), said, "#cbd5e1", ImageFont.load_default(38), spacing=10)
    with Image.open(GALLERY) as gallery:
        for i, prompt in enumerate(SHOWN):
            number = next(number for number, entry in enumerate(ENTRIES) if entry.prompt == prompt)
            row, column = divmod(i, 2)
            place = (SIZE[0] - (2 - column) * side, row * side)
            card.paste(gallery.crop(box(number)).resize((side, side), Image.Resampling.LANCZOS), place)
    buffer = io.BytesIO()
    card.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
