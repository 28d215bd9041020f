"""How the page looks beside its style sheet: no web fonts, ink on paper, text that can be read (WCAG AA)."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

HERE = Path(__file__).resolve().parent
CSS, FAVICON = HERE / "page.css", HERE / "favicon.svg"
ACCESSIBLE = (HERE / "accessible.js").read_text()  # what Gradio leaves out, to be run when the page is loaded
BRAND = f"<h1>{FAVICON.read_text()}ModelLock</h1>"
QUIET, QUIET_DARK = "#475569", "#b6c0d0"  # small print

THEME = gr.themes.Soft(
    primary_hue="indigo",
    neutral_hue="slate",
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    button_primary_background_fill="#4338ca",
    button_primary_background_fill_hover="#3730a3",
    button_primary_background_fill_dark="#4f46e5",
    button_primary_background_fill_hover_dark="#4338ca",
    button_primary_text_color="white",
    block_label_background_fill="#f1f5f9",
    block_label_background_fill_dark="#273043",
    block_label_text_color="#334155",
    block_label_text_color_dark="#e2e8f0",
    block_title_background_fill="transparent",
    block_title_background_fill_dark="transparent",
    block_title_text_color="#1e293b",
    block_title_text_color_dark="#e2e8f0",
    block_title_padding="0",
    block_info_text_color=QUIET,
    block_info_text_color_dark=QUIET_DARK,
    body_text_color_subdued=QUIET,
    body_text_color_subdued_dark=QUIET_DARK,
    input_placeholder_color="#64748b",
    input_placeholder_color_dark="#94a3b8",
    body_background_fill="#f3f4f9",
    block_border_width="1px",
    block_border_color="#d6dae3",
    block_border_color_dark="#3a4356",
    button_secondary_background_fill="white",
    button_secondary_border_color="#aab2c3",
    button_border_width="1px",
    checkbox_label_background_fill_selected="#4338ca",
    checkbox_label_background_fill_selected_dark="#4f46e5",
    checkbox_border_color="#64748b",
    checkbox_border_color_dark="#94a3b8",
    checkbox_label_border_width="1px",
    checkbox_label_border_color="#aab2c3",
    checkbox_label_border_color_dark="#3a4356",
    input_border_width="1px",
    input_border_color="#aab2c3",
)
