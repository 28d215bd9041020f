"""What a link shows elsewhere: read as a crawler does, without running scripts."""

import io
import re
import urllib.request

from PIL import Image

from ui import link_preview


def read(address: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60) as answer:
        return answer.read()


def tags(page: str) -> dict[str, list[str]]:
    """All contents of each meta tag, by its name."""
    found: dict[str, list[str]] = {}
    for name, content in re.findall(r'<meta\s+(?:property|name)="([^"]+)"\s+content="([^"]*)"', page):
        found.setdefault(name, []).append(content)
    return found


def test_a_link_has_one_title_one_sentence_and_a_picture_that_is_there(url):
    found = tags(read(url).decode())
    assert found["og:title"] == ["ModelLock"] and found["og:description"] == [link_preview.SENTENCE]
    (picture,) = found["og:image"]
    with Image.open(io.BytesIO(read(picture))) as image:
        assert image.size == (1200, 630)


def test_behind_a_proxy_the_picture_is_at_the_address_that_visitors_see(url):
    page = read(url, **{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "name.example"}).decode()
    assert tags(page)["og:image"] == ["https://name.example/link-preview.jpg"]


def test_no_prompt_of_a_link_is_in_its_preview_and_nothing_of_a_header_is_read_as_html(url):
    assert "a-secret" not in read(f"{url}?prompt=a-secret").decode().partition("<body")[0].partition("gradio_config")[0]
    page = link_preview.with_preview("<head></head>", 'https://x"><script>/')
    assert "<script>" not in page
