"""What several steps of the page have in common: components, and how their events run."""

from __future__ import annotations

import gradio as gr

from modellock_core.data.toybox_samples import toybox_samples

from .. import gallery

PROMPTS = [entry.prompt for entry in gallery.ENTRIES]
FAVOURITES = [  # their edits can't be mistaken for each other
    "in the style of Van Gogh", "as a pencil sketch", "in watercolor", "in cyberpunk style", "made of gold",
    "with neon outlines", "in ukiyo-e style", "as a mosaic", "seen by a thermal camera", "as a blueprint",
    "with a hot air balloon in the background", "with oil pastel",
]  # fmt: skip
PREVIEW = {"concurrency_limit": 2, "concurrency_id": "preview"}  # below a second; they share the cores, see cores.py
QUICK = {"concurrency_limit": 1, "concurrency_id": "quick"}  # seconds; never waits behind another visitor's lock
LONG = {"concurrency_limit": 1, "concurrency_id": "long"}  # minutes; two cores serve one visitor at a time
PRIVATE = {"api_visibility": "private"}  # events that make no sense outside the page
QUIET = PRIVATE | {"show_progress": "hidden"}
LIVE = PRIVATE | {"trigger_mode": "always_last"}  # follows what is typed or moved: the last input wins
# a label would push the legend out of the chart
CHART = {"y_lim": [0, 1], "y_axis_format": ".0%", "color_title": " ", "show_label": False}


def heading(text: str) -> gr.HTML:
    """A step's heading, for screen readers alone: everybody else sees its tab."""
    return gr.HTML(f"<h2>{text}</h2>", padding=False, elem_classes="unseen")


def explained(text: str) -> gr.Markdown:
    """What a step is for, and what its words mean."""
    return gr.Markdown(text, elem_classes="glossary")


def into_sight(element: str) -> str:
    """A statement of JavaScript: a part of the page that lies beyond the screen's edge comes into sight.

    Args:
        element: its `elem_id`.
    """
    seen = '{block: "nearest", behavior: "smooth"}'
    return f'setTimeout(() => document.getElementById("{element}")?.scrollIntoView({seen}), 100)'


def bring_into_sight(event: gr.events.Dependency, element: str) -> None:
    """After an event, let a part of the page come into sight; see `into_sight`."""
    event.then(None, js=f"() => {{{into_sight(element)}}}", **QUIET)


def next_button(text: str, tabs: gr.Tabs, step: str, **options) -> gr.Button:
    """A button that goes to another step."""
    button = gr.Button(text, **{"variant": "primary", "elem_classes": "next"} | options)
    button.click(lambda: gr.Tabs(selected=step), None, tabs, **QUIET)
    return button


def meanwhile_button(tabs: gr.Tabs) -> gr.Button:
    """A button that leads to something to do while long work waits and runs; hidden at first, see `long_run`."""
    text = "Meanwhile: play with the example"
    return next_button(text, tabs, "start", visible=False, variant="secondary", elem_classes="meanwhile")


def picture(label: str, buttons: tuple[str, ...] = ("download", "fullscreen"), **options) -> gr.Image:
    """An image the app shows."""
    shown = {"alt_text": label} | options
    return gr.Image(label=label, type="pil", interactive=False, min_width=100, buttons=list(buttons), **shown)


def samples(**options) -> gr.Gallery:
    """Test images of Toybox to pick from."""
    return gr.Gallery(
        [(image, truth) for truth, image in toybox_samples()],
        label="Sample photos",
        show_label=False,
        height="auto",
        format="png",
        allow_preview=False,
        interactive=False,
        object_fit="cover",
        buttons=[],
        elem_classes="samples",
        **options,
    )
