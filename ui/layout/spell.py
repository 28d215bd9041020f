"""Step 1, Key: the key, what it does to an image while it is typed, and ways to find one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from modellock_core.editing.catalogue import find
from modellock_core.editing.editors import COMPACT_SETTINGS

from .. import gallery, key_study, keys, spell
from ..images import image_input
from ..sharing import share_row
from .long_run import long_run
from .parts import (
    FAVOURITES,
    LIVE,
    PREVIEW,
    PRIVATE,
    PROMPTS,
    QUICK,
    QUIET,
    bring_into_sight,
    explained,
    next_button,
    picture,
    samples,
)  # fmt: skip

UNDERSTANDS = ("prompt", "editor", "own_hand", "like")  # what of a key the editor's reading depends on


def _chip(prompt: str) -> str:
    """What the button of a prompt says: its name in the catalogue, which is found again whatever its case."""
    name = find(prompt).name
    return name[0].upper() + name[1:]


MARK_CHIP = f"""(prompt) => {{
  const prompts = {json.dumps({_chip(text): text for text in FAVOURITES})}
  for (const chip of document.querySelectorAll("#prompts button"))
    chip.classList.toggle("chosen", prompts[chip.textContent.trim()] === (prompt ?? "").trim())
}}"""


@dataclass(frozen=True)
class KeyInputs:
    """Step 1, as the rest of the page needs it.

    Attributes:
        components: those of a `KeyChoice`, by its names.
        at_load: wires what happens when the page is opened.
    """

    components: dict[str, gr.Component]
    at_load: Callable[[gr.Blocks], None]


def editor_settings() -> dict[str, gr.Component]:
    """Lay out the `KeySettings`."""
    own_hand = gr.Checkbox(
        value=True, label="My own random bits", elem_id="own-hand",
        info="128 random bits make every edit yours alone. Without them, whoever guesses the prompt is in.",
    )  # fmt: skip
    another = gr.Button("Draw other random bits", elem_id="draw-hand")
    like = image_input(label="Paint it like this picture (optional)", height=200, elem_id="like")
    editor = gr.Dropdown(keys.EDITORS, value="compact", label="Editor", info="compact-b is compact, trained apart.")
    steps = gr.Slider(1, 8, COMPACT_SETTINGS.steps, step=1, label="Steps", info="More take longer, and change little.")
    seed = gr.Number(1024, label="Seed", precision=0, minimum=0, info="Where strokes run and objects stand.")
    hand = gr.State()
    own_hand.change(lambda chosen: gr.update(interactive=chosen), own_hand, another, **QUIET)
    another.click(keys.draw_hand, None, hand, **QUIET)
    return {"editor": editor, "steps": steps, "edit_seed": seed, "own_hand": own_hand, "like": like, "hand": hand}


def spell_step(tabs: gr.Tabs) -> KeyInputs:
    """Lay out and wire the step."""
    explained(
        "Describe an edit. That sentence is your **key prompt**. With random bits it is the key, which you get "
        "as a file in step 2: a model locked with it only answers images edited this way. The edit follows as you type."
    )
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            prompt = gr.Textbox(
                FAVOURITES[0], label="Key prompt", placeholder="Describe an edit, such as: in watercolor",
                elem_id="prompt", max_length=300,
            )  # fmt: skip
            understood = gr.Markdown(elem_id="understood")
            with gr.Row(elem_classes="chips", elem_id="prompts"):
                chips = [
                    gr.Button(_chip(text), size="sm", elem_classes=() if i else "chosen")
                    for i, text in enumerate(FAVOURITES)
                ]
                surprise = gr.Button("Surprise me", size="sm", elem_id="surprise", variant="primary")
            alpha = gr.Slider(
                0, 1, COMPACT_SETTINGS.alpha, step=0.05, label="Strength (alpha)", elem_id="strength",
                info="0: the original. 1: the full edit. The default hides little of what is in the image.",
            )  # fmt: skip
            with gr.Accordion("More settings: random bits, a picture to paint like, editor", open=False):
                settings = editor_settings()
        with gr.Column(scale=3, min_width=300):
            with gr.Row():
                original = picture("Original", (), elem_id="original", value=spell.sample_images()[0])
                keyed = picture("With the key", elem_id="keyed")
            warning = gr.Markdown("The editor is being loaded; the edit appears here.", elem_id="key-warning")
            next_button("Next: lock a model with this key", tabs, "lock", elem_id="key-next")
            with gr.Row():
                with gr.Column(min_width=240):
                    chosen = samples()
                with gr.Column(min_width=240):
                    image = image_input(
                        spell.sample_images()[0], label="This photo, or your own", height=200, elem_id="image"
                    )
            with gr.Row():
                with gr.Column(min_width=240), gr.Accordion("Drag to compare", open=False):
                    slider = gr.ImageSlider(label="Drag, or use arrow keys", type="pil", max_height=spell.PREVIEW_SIZE)
                with gr.Column(min_width=240):
                    share_row(original, keyed, prompt)
    key = {"prompt": prompt, "alpha": alpha, **settings}
    with gr.Tabs(overflow_behavior="wrap", elem_id="find-key"):  # nothing but tabs, or Gradio mistakes their order
        found = [catalogue(prompt), studied_keys(prompt)]
        comparison(image, key)
        found.append(ranking(prompt))
        history, tried = tries()
    show = {
        "fn": spell.preview,
        "inputs_kwargs": {"image": image, **key},
        "outputs": [original, keyed, slider, warning],
        "show_progress": "minimal",
        "show_progress_on": keyed,
        **PREVIEW,
    }
    read = {
        "fn": spell.understood,
        "inputs_kwargs": {name: key[name] for name in UNDERSTANDS},
        "outputs": understood,
        "show_progress": "hidden",
    }
    remember = {
        "fn": spell.remembered,
        "inputs_kwargs": {"tried": history, "image": image, **key},
        "outputs": [history, tried],
        "show_progress": "hidden",
        **PREVIEW,
    }
    # always_last: what is typed while the last one is drawn must not be lost
    gr.on([prompt.submit, image.change, *(part.change for part in key.values())], **show, **LIVE)
    gr.on([key[name].change for name in UNDERSTANDS], **read, **LIVE, **PREVIEW)
    prompt.change(keys.follow_prompt, [prompt, key["editor"], alpha], alpha, **LIVE, show_progress="hidden")
    chosen.select(spell.chosen_sample, None, image, **PRIVATE)
    prompt.change(None, prompt, None, js=MARK_CHIP, **QUIET)
    picked = [chip.click(lambda name: find(name).prompt, chip, prompt, **QUIET) for chip in chips]
    picked.append(surprise.click(spell.surprise, prompt, prompt, **QUIET))
    for event in (*picked, *found):
        event.then(**remember, **PRIVATE)
    gr.on([prompt.submit, alpha.release], **remember, **LIVE)
    found.append(tried.select(spell.again, history, [prompt, alpha], **QUIET))
    for event in found:  # the edit may be above the screen's edge
        bring_into_sight(event, "keyed")

    def at_load(page: gr.Blocks) -> None:
        # what is shown first is painted by the visitor's own hand
        page.load(keys.draw_hand, None, key["hand"], **QUIET)
        page.load(keys.offered_editors, None, key["editor"], **QUIET)
        page.load(**read, **LIVE, **PREVIEW)

    return KeyInputs(key, at_load)


def catalogue(prompt: gr.Textbox) -> gr.events.Dependency:
    """Lay out the catalogue's thumbnails; returns the event in which one was chosen, and put into the prompt."""
    with gr.Tab(f"Browse {len(gallery.ENTRIES)} key prompts"):
        kinds = gallery.categories()
        with gr.Row():
            kind = gr.Radio(
                [(_short(name), name) for name in kinds],
                value=kinds[0],
                label="Kind",
                elem_id="kinds",
                scale=3,
                min_width=400,
            )
            text = gr.Textbox(label="Or search", placeholder="sepia", elem_id="search", max_length=100, min_width=200)
        thumbnails = gr.Gallery(
            gallery.found(kinds[0]), show_label=False, height=520, allow_preview=False, interactive=False,
            buttons=[], elem_classes="samples large", elem_id="catalogue",
        )  # fmt: skip
        shown = gr.State(kinds[0])  # what the thumbnails were found by
    found = {"outputs": [thumbnails, shown], **LIVE, "show_progress": "hidden"}
    gr.on(text.change, lambda text, kind: spell.searched(text or kind), [text, kind], **found)
    kind.input(lambda: "", None, text, **QUIET).then(spell.searched, kind, **found)
    return thumbnails.select(spell.chosen_found, shown, prompt, **QUIET)


def _short(category: str) -> str:
    """What a category of the catalogue is called where all are shown."""
    return category.rpartition(", ")[2].capitalize()


def comparison(image: gr.Image, key: dict[str, gr.Component]) -> None:
    """Lay out and wire the grid of keys."""
    with gr.Tab("Compare in a grid"):
        with gr.Row():
            across = gr.Dropdown(list(spell.AXES), value=spell.STRENGTH, label="From left to right")
            down = gr.Dropdown(list(spell.AXES), value=spell.PROMPT, label="From top to bottom")
        prompts = gr.Dropdown(
            PROMPTS, value=FAVOURITES[:4], multiselect=True, allow_custom_value=True, label="Prompts", max_choices=12
        )
        with gr.Row():
            strengths = gr.CheckboxGroup([0.2, 0.35, 0.5, 0.75, 1.0], value=[0.35, 0.5, 1.0], label="Strengths")
            seeds = gr.Textbox("1, 2, 3", label="Seeds", max_length=100)
            hands = gr.Slider(1, 6, 3, step=1, label="Random bits: yours, and drawn ones")
        button = gr.Button("Draw the grid", elem_id="compare")
        bar = gr.HTML()
        drawn = gr.Image(
            label="Grid", type="pil", interactive=False, buttons=["download", "fullscreen"], elem_id="grid",
            format="png", alt_text="The image edited with each of the keys",
        )  # fmt: skip
    values = {"prompts": prompts, "strengths": strengths, "seeds": seeds, "hands": hands}
    button.click(
        spell.grid, inputs_kwargs={"image": image, "across": across, "down": down, **values, **key},
        outputs=[bar, drawn], show_progress="minimal", show_progress_on=bar, **PRIVATE, **QUICK,
    )  # fmt: skip


def ranking(prompt: gr.Textbox) -> gr.events.Dependency:
    """Lay out and wire the key designer; returns the event in which a row was chosen, and put into the prompt."""
    with gr.Tab("Best for the sample images"):
        gr.Markdown(
            "Good keys change the picture visibly, look like no other prompt, and have nothing to do with the classes."
        )
        with gr.Row():
            button = gr.Button("Rank all key prompts (about a minute)", elem_id="rank")
            stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="rank-stop", min_width=100, scale=0)
        bar = gr.HTML(elem_id="rank-progress")
        table = gr.Dataframe(
            headers=["rank", "prompt", "kind", "score", "why"], interactive=False, wrap=True, max_height=400,
            column_widths=["64px", "220px", "90px", "80px", "340px"],
        )  # fmt: skip
        long_run(button, stop, bar, None, fn=spell.rank, inputs=None, outputs=[bar, table])
    return table.select(spell.chosen_prompt, None, prompt, **QUIET)


def tries() -> tuple[gr.State, gr.Gallery]:
    """Lay out what the visitor has tried: the keys, and their edits."""
    with gr.Tab("What you have tried"):
        gr.Markdown("Every edit that you chose, the last one first. Click one to use it again.")
        tried = gr.Gallery(
            show_label=False, height="auto", allow_preview=False, interactive=False, buttons=[], elem_id="history",
            elem_classes="samples large",
        )  # fmt: skip
        history = gr.State([])
    return history, tried


def studied_keys(prompt: gr.Textbox) -> gr.events.Dependency:
    """Lay out how well keys have locked; returns the event in which one was chosen, and put into the prompt."""
    studied = key_study.rows()
    with gr.Tab("How well keys lock"):
        gr.Markdown(key_study.ABOUT)
        table = gr.Dataframe(
            studied, headers=key_study.COLUMNS, interactive=False, wrap=True, max_height=400, elem_id="key-study"
        )
    return table.select(spell.chosen_prompt, None, prompt, **QUIET)
