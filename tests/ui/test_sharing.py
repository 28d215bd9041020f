"""What a visitor passes on, without a browser."""

from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from ui import sharing
from ui.before_after import before_after


def visit(**query):
    return SimpleNamespace(query_params=query, session_hash="sharing")


def test_a_link_s_prompt_is_there_and_no_longer_than_a_prompt_may_be():
    assert sharing.prompt_of_link(visit(prompt=" in winter ")) == "in winter"
    assert len(sharing.prompt_of_link(visit(prompt="x" * 5000))) == 300
    for without in (visit(), visit(prompt=" "), visit(lock="abc")):
        assert sharing.prompt_of_link(without) == gr.skip()


def test_both_images_are_whole_in_the_picture_and_no_caption_is_too_long():
    red, blue = Image.new("RGB", (40, 80), "red"), Image.new("RGB", (300, 100), "blue")
    card = before_after(red, blue, "a very long caption " * 30)
    assert card.size == (1200, 630)
    counts = {colour: count for count, colour in card.getcolors(2**20)}
    high, wide = counts[(255, 0, 0)], counts[(0, 0, 255)]
    assert high == pytest.approx(490 * 490 / 2, rel=0.02) and wide == pytest.approx(490 * 490 / 3, rel=0.02)
    edge = card.crop((0, 540, 20, 630)).getcolors()
    assert edge == [(20 * 90, (255, 255, 255))]  # the caption ends before it


def test_a_picture_names_the_prompt_only_if_asked():
    image = Image.new("RGB", (64, 64), "green")
    shown, hidden = (
        Image.open(sharing.picture_to_share(image, image, "in winter", show, visit())).tobytes()
        for show in (True, False)
    )
    assert shown != hidden
    other = Image.open(sharing.picture_to_share(image, image, "made of gold", False, visit())).tobytes()
    assert other == hidden


def test_without_an_edit_there_is_no_picture():
    with pytest.raises(gr.Error, match="no edit yet"):
        sharing.picture_to_share(None, None, "in winter", False, visit())
