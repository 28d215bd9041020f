"""Step 1, Spell: the key, what it does to an image, and ways to find one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from modellock_core.editing.catalogue import find
from modellock_core.editing.editors import COMPACT_SETTINGS
from modellock_core.paths import CATALOGUE_FIGURE

from .. import gallery, key_study, keys, spell
from ..images import image_input
from .parts import FAVOURITES, LONG, PRIVATE, QUICK, QUIET, SUGGESTIONS, picture, samples

UNDERSTANDS = ("prompt", "editor", "own_hand", "like")  # what of a key the editor's reading depends on


@dataclass(frozen=True)
class KeyInputs:
    """Step 1, as the rest of the page needs it.

    Attributes:
        components: those of a `KeyChoice`, by its names.
        at_load: wires what happens when the page is opened.
    """

    components: dict[str, gr.Component]
    at_load: Callable[[gr.Blocks], None]


def editor_settings() -> tuple[dict[str, gr.Component], gr.events.Dependency]:
    """Lay out the `KeySettings`; returns them, and the event that has drawn another hand."""
    editor = gr.Dropdown(keys.EDITORS, value="compact", label="Editor")
    steps = gr.Slider(1, 8, COMPACT_SETTINGS.steps, step=1, label="Steps")
    seed = gr.Number(1024, label="Seed", precision=0, minimum=0)
    with gr.Row():
        own_hand = gr.Checkbox(
            value=True,
            label="A hand of my own",
            info="128 random bits that make every edit yours. Without them, whoever guesses the prompt is in.",
            scale=2,
            min_width=200,
            elem_id="own-hand",
        )
        another = gr.Button("Draw another hand", size="sm", min_width=120, elem_id="draw-hand")
    like = image_input(label="Paint it like this (optional)", height=200, elem_id="like")
    hand = gr.State()
    own_hand.change(lambda chosen: gr.update(interactive=chosen), own_hand, another, **QUIET)
    drawn = another.click(keys.draw_hand, None, hand, api_name="draw_hand", show_progress="hidden")
    settings = {
        "editor": editor, "steps": steps, "edit_seed": seed, "own_hand": own_hand, "like": like, "hand": hand,
    }  # fmt: skip
    return settings, drawn


def spell_step() -> KeyInputs:
    """Lay out and wire the step."""
    gr.Markdown("Choose a **key prompt**. A diffusion model edits the image with it; that edit is the key.")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            image = image_input(spell.sample_images()[0], label="Image", height=260, elem_id="image")
            chosen = samples()
            prompt = gr.Dropdown(
                SUGGESTIONS, value=FAVOURITES[0], allow_custom_value=True, label="Key prompt",
                info="Pick one or write your own.", elem_id="prompt",
            )  # fmt: skip
            understood = gr.Markdown(elem_id="understood")
            with gr.Row(elem_classes="chips"):
                chips = [gr.Button(find(text).name, size="sm") for text in FAVOURITES]
            alpha = gr.Slider(
                0, 1, COMPACT_SETTINGS.alpha, step=0.05, label="Alpha", info="How much of the edit is blended in."
            )
            with gr.Accordion("Editor settings", open=False):
                settings, drawn = editor_settings()
            button = gr.Button("Preview", variant="primary", elem_id="preview")
        with gr.Column(scale=3, min_width=300):
            with gr.Row():
                original, edited = picture("Original", ()), picture("Edited", ())
                keyed = picture("Keyed", ("download",), elem_id="keyed")
            slider = gr.ImageSlider(label="Original | keyed", type="pil", max_height=spell.PREVIEW_SIZE)

    key = {"prompt": prompt, "editor": settings["editor"], "alpha": alpha, **settings}
    show = {
        "fn": spell.preview,
        "inputs_kwargs": {"image": image, **key},
        "outputs": [original, edited, keyed, slider],
        **QUICK,
    }
    read = {
        "fn": spell.understood,
        "inputs_kwargs": {name: key[name] for name in UNDERSTANDS},
        "outputs": understood,
        **QUIET,
    }
    button.click(**show, api_name="preview")  # first: else Gradio numbers its name
    chosen.select(spell.chosen_sample, None, image, **PRIVATE).then(**show, **PRIVATE)
    for chip in chips:
        chip.click(lambda name: find(name).prompt, chip, prompt, **PRIVATE).then(**show, **PRIVATE)
    prompt.change(keys.alpha_of, [prompt, key["editor"]], alpha, **QUIET)
    gr.on([key["own_hand"].input, key["like"].change], **show, **PRIVATE)
    drawn.then(**show, **PRIVATE)
    # always_last: a prompt typed while the last one is read must not be lost
    gr.on([key[name].change for name in UNDERSTANDS], **read, trigger_mode="always_last")

    catalogue(prompt).then(**show, **PRIVATE)
    comparison(image, settings)
    ranking(prompt).then(**show, **PRIVATE)
    studied_keys(prompt).then(**show, **PRIVATE)

    def at_load(page: gr.Blocks) -> None:
        # what is shown first is painted by the visitor's own hand
        page.load(keys.draw_hand, None, key["hand"], **QUIET).then(**show, **PRIVATE)
        page.load(keys.offered_editors, None, key["editor"], **QUIET)
        page.load(**read)

    return KeyInputs(key, at_load)


def catalogue(prompt: gr.Dropdown) -> gr.events.Dependency:
    """Lay out the catalogue's thumbnails; returns the event in which one was chosen, and put into the prompt."""
    with gr.Accordion("Browse the catalogue", open=False):
        first_category, *_ = categories = gallery.categories()
        category = gr.Radio(categories, value=first_category, show_label=False)
        thumbnails = gr.Gallery(
            gallery.thumbnails(first_category), show_label=False, height="auto", allow_preview=False, interactive=False,
            buttons=[], elem_classes="samples large", elem_id="catalogue",
        )  # fmt: skip
    category.change(gallery.thumbnails, category, thumbnails, **QUIET)
    return thumbnails.select(spell.chosen_thumbnail, category, prompt, **PRIVATE)


def comparison(image: gr.Image, settings: dict[str, gr.Component]) -> None:
    """Lay out and wire the comparison of prompts."""
    with gr.Accordion("Compare prompts", open=False):
        prompts = gr.Dropdown(
            SUGGESTIONS, value=FAVOURITES[:4], multiselect=True, allow_custom_value=True, label="Prompts"
        )
        alphas = gr.CheckboxGroup([0.2, 0.35, 0.5, 0.75, 1.0], value=[0.35, 0.5, 1.0], label="Alphas")
        button = gr.Button("Compare", elem_id="compare")
        grid = gr.Gallery(
            label="One prompt after the other, alpha rising", columns=3, height="auto", object_fit="contain",
            elem_classes="whole",
        )  # fmt: skip
    inputs = {"image": image, "prompts": prompts, "alphas": alphas, **settings}
    button.click(spell.compare, inputs_kwargs=inputs, outputs=grid, api_name="grid", **QUICK)


def ranking(prompt: gr.Dropdown) -> gr.events.Dependency:
    """Lay out and wire the key designer; returns the event in which a row was chosen, and put into the prompt."""
    with gr.Accordion("Suggest a key prompt", open=False):
        gr.Markdown("Ranks the catalogue for Toybox: unrelated to the classes, visible, and unlike any other prompt.")
        button = gr.Button("Rank key prompts", elem_id="rank")
        bar = gr.HTML()
        table = gr.Dataframe(
            headers=["rank", "prompt", "kind", "score", "why"], interactive=False, wrap=True, max_height=400,
            column_widths=["8%", "28%", "10%", "10%", "44%"],
        )  # fmt: skip
    button.click(spell.rank, None, [bar, table], api_name="design", **LONG)
    return table.select(spell.chosen_prompt, None, prompt, **PRIVATE)


def studied_keys(prompt: gr.Dropdown) -> gr.events.Dependency:
    """Lay out how well keys have locked; returns the event in which one was chosen, and put into the prompt."""
    studied = key_study.rows()
    with gr.Accordion("How well each key locks", open=False, visible=bool(studied)):
        gr.Markdown(key_study.ABOUT)
        if CATALOGUE_FIGURE.exists():
            gr.Image(str(CATALOGUE_FIGURE), show_label=False, interactive=False, buttons=["fullscreen"])
        table = gr.Dataframe(
            studied, headers=key_study.COLUMNS, interactive=False, wrap=True, max_height=400, elem_id="key-study"
        )
    return table.select(spell.chosen_prompt, None, prompt, **PRIVATE)
