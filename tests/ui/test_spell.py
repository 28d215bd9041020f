"""Step 1 without a browser: edits, warnings, grids and what was tried."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from ui import gallery, spell

CHOICE = {
    "prompt": "in watercolor", "alpha": 0.5, "editor": "compact", "steps": 1, "edit_seed": 7, "own_hand": True,
    "like": None, "hand": "0f" * 16,
}  # fmt: skip
GRID = {"prompts": ["in sepia", "at night"], "strengths": [0.9, 0.3], "seeds": "1, 2", "hands": 2}


@pytest.fixture
def photo():
    return spell.sample_images()[0]


def test_an_edit_is_kept_for_another_strength_and_not_for_another_hand(photo):
    spell.preview(photo, **CHOICE)
    known = spell._cached_edit.cache_info()
    spell.preview(photo, **CHOICE | {"alpha": 0.9})
    assert spell._cached_edit.cache_info().hits == known.hits + 1
    spell.preview(photo, **CHOICE | {"hand": "f0" * 16})
    assert spell._cached_edit.cache_info().misses == known.misses + 1


def test_strength_0_leaves_the_image_and_is_warned_of(photo):
    original, keyed, _, warning = spell.preview(photo, **CHOICE | {"alpha": 0})
    assert Path(original).read_bytes() == Path(keyed).read_bytes() and "can hardly be seen" in warning
    assert spell.preview(photo, **CHOICE)[-1] == ""


def test_half_a_prompt_leaves_the_picture_alone(photo):
    assert spell.preview(photo, **CHOICE | {"prompt": " "})[1] == gr.skip()
    assert spell.preview(None, **CHOICE)[1] == gr.skip()


def test_a_prompt_without_random_bits_is_warned_of():
    assert "every thief tries first" in spell.warnings("in sepia", has_hand=False, change=30)
    assert "guesses it is in" in spell.warnings("in the style of my aunt", has_hand=False, change=30)
    assert "not trained" in spell.warnings("with a flute in the background", has_hand=True, change=30)
    assert spell.warnings("in sepia", has_hand=True, change=30) == ""


@pytest.mark.parametrize(("across", "down", "cells"), [("strength", "prompt", (2, 2)), ("seed", "random bits", (2, 2))])
def test_a_grid_changes_two_things_of_the_key(photo, across, down, cells):
    *_, (bar, picture) = spell.grid(photo, across, down, **GRID, **CHOICE)
    assert (
        bar == "" and picture.width > cells[0] * spell.COMPARE_SIZE and picture.height > cells[1] * spell.COMPARE_SIZE
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"down": "strength"}, "two different"), ({"prompts": []}, "at least one prompt"),
     ({"across": "seed", "seeds": "1, two"}, "whole numbers"),
     ({"across": "seed", "seeds": ",".join("1" * 20)}, "at most")],
)  # fmt: skip
def test_a_grid_that_makes_no_sense_is_refused(photo, changes, message):
    asked = {"across": "strength", "down": "prompt"} | GRID | CHOICE | changes
    with pytest.raises(gr.Error, match=message):
        list(spell.grid(photo, **asked))


def test_what_was_tried_is_kept_once_and_the_newest_first(photo):
    tried, _ = spell.remembered([], image=photo, **CHOICE)
    tried, _ = spell.remembered(tried, image=photo, **CHOICE | {"prompt": "in sepia"})
    tried, shown = spell.remembered(tried, image=photo, **CHOICE)
    assert [row[1] for row in tried] == ["in watercolor", "in sepia"]
    assert shown["value"][0][1] == "in watercolor, strength 0.5"
    assert spell.again(tried, SimpleNamespace(index=1)) == ("in sepia", 0.5)


def test_two_keys_that_are_drawn_at_the_same_time_are_both_kept(photo):
    tried = []
    prompts = ["in watercolor", "in sepia"]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda prompt: spell.remembered(tried, image=photo, **CHOICE | {"prompt": prompt}), prompts))
    assert sorted(row[1] for row in tried) == sorted(prompts)


def test_a_surprise_is_another_prompt():
    assert spell.surprise("in sepia") in {entry.prompt for entry in gallery.ENTRIES} - {"in sepia"}


def test_prompts_are_found_by_name_text_and_category():
    assert "Sepia" in [entry.name for entry in gallery.matching("sepia")]
    assert {entry.category for entry in gallery.matching("material")} == {"Material"}
    assert len(gallery.matching("")) == len(gallery.ENTRIES) and not gallery.matching("florp")
    assert all(isinstance(picture, Image.Image) for picture, _ in gallery.found("sepia"))
