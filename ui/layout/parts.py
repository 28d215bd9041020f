"""What several steps of the page have in common: components, and how their events run."""

from __future__ import annotations

import gradio as gr

from .. import gallery, spell, unlock

SUGGESTIONS = [entry.prompt for entry in gallery.ENTRIES]
FAVOURITES = [
    "in the style of Van Gogh", "in watercolor", "as a pencil sketch", "in ukiyo-e style", "as a mosaic",
    "with oil pastel", "made of gold", "in winter", "in cyberpunk style", "in the style of Hokusai",
    "with a hot air balloon in the background", "with a zebra in the background",
]  # fmt: skip
QUICK = {"concurrency_limit": 1, "concurrency_id": "quick"}  # seconds; never waits behind another visitor's lock
LONG = {"concurrency_limit": 1, "concurrency_id": "long"}  # minutes; two cores serve one visitor at a time
PRIVATE = {"api_visibility": "private"}  # events that make no sense outside the page
QUIET = PRIVATE | {"show_progress": "hidden"}
CHART = {"y_lim": [0, 1], "color_title": " ", "show_label": False}  # a label would push the legend out of the chart


def picture(label: str, buttons: tuple[str, ...] = ("download", "fullscreen"), **options) -> gr.Image:
    """An image the app shows."""
    return gr.Image(label=label, type="pil", interactive=False, min_width=100, buttons=list(buttons), **options)


def samples() -> gr.Gallery:
    """Test images of Toybox to pick from."""
    return gr.Gallery(
        spell.sample_images(),
        label="Samples",
        show_label=False,
        height="auto",
        format="png",
        allow_preview=False,
        interactive=False,
        object_fit="cover",
        buttons=[],
        elem_classes="samples",
    )


def model_choice(**options) -> gr.Radio:
    """Which locked model a step is about."""
    return gr.Radio([unlock.EXAMPLE, unlock.MINE, unlock.OPENED], value=unlock.EXAMPLE, label="Model", **options)
