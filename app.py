"""ModelLock's page: layout and event wiring. What the buttons do is in ui/, the method in modellock_core/."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from ui.layout.attack import attack_step
from ui.layout.lock import lock_step
from ui.layout.parts import PRIVATE
from ui.layout.riddle import riddle_step
from ui.layout.spell import spell_step
from ui.layout.unlock import unlock_step
from ui.sessions import make_session, remove_session
from ui.warm_up import warm_up

PORT = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
THEME = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])  # no web fonts
CSS = Path(__file__).resolve().parent / "ui" / "layout" / "page.css"


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="ModelLock", delete_cache=(3600, 24 * 3600)) as page:
        gr.Markdown(
            "# ModelLock\nLock a vision model with a text prompt: it works on images edited with your secret spell, "
            "and fails on all others. ([paper](https://arxiv.org/abs/2405.16285))"
        )
        with gr.Tab("1 Spell"):
            key = spell_step()
        with gr.Tab("2 Lock"):
            locked = lock_step(key.components)
        with gr.Tab("3 Unlock") as tab:
            unlock_step(tab, locked)
        with gr.Tab("4 Attack"):
            attack_step()
        with gr.Tab("5 Riddle"):
            riddle_step()
        page.load(make_session, None, None, **PRIVATE)
        key.at_load(page)
        page.unload(remove_session)
    return page


def main() -> None:
    """Serve the page on GRADIO_SERVER_NAME (127.0.0.1) and GRADIO_SERVER_PORT (7860)."""
    page = build()
    page.queue(default_concurrency_limit=4)
    page.launch(
        server_port=PORT,
        theme=THEME,
        css_paths=CSS,
        max_file_size="200mb",
        footer_links=["api", "gradio"],
        ssr_mode=False,
        prevent_thread_lock=True,
    )
    threading.Thread(target=warm_up, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: page.close())  # docker stop: leave in order, removing visitors' folders
    page.block_thread()


if __name__ == "__main__":
    main()
