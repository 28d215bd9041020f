"""ModelLock's page: layout and event wiring. What the buttons do is in ui/, the method in modellock_core/."""

from __future__ import annotations

import os

from ui import first as first  # before Gradio and torch
from ui import zero_gpu as zero_gpu

# isort: split

import gradio as gr

from ui.api import add_api
from ui.endpoints import hide_events, offers_mcp
from ui.errors import log_no_values
from ui.layout.attack import attack_step
from ui.layout.lock import lock_step
from ui.layout.parts import QUIET, heading
from ui.layout.riddle import riddle_step
from ui.layout.spell import spell_step
from ui.layout.start import start_step
from ui.layout.theme import ACCESSIBLE, BRAND, CSS, FAVICON, THEME
from ui.layout.unlock import unlock_step
from ui.riddle_stock import keep_some_ready
from ui.server import PROTECTED, start_housekeeping
from ui.sessions import OF_TAB, REMEMBERED, claim_session, leave_session
from ui.sharing import open_with_prompt
from ui.stopping import end_on_signals
from ui.validation import validate_early

PORT = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="ModelLock: a password for an AI model", delete_cache=(600, 2 * 3600)) as page:
        add_api()  # first: its names are plain ones
        gr.HTML(BRAND, elem_id="brand")
        with gr.Tabs(overflow_behavior="wrap", elem_id="steps") as tabs:
            with gr.Tab("Start", id="start"):
                heading("Start")
                start_step(tabs)
            with gr.Tab("1 Key", id="key"):
                heading("1 Key")
                key = spell_step(tabs)
            with gr.Tab("2 Lock", id="lock") as locking:
                heading("2 Lock")
                locked = lock_step(tabs, locking, key.components)
            with gr.Tab("3 Unlock", id="unlock") as unlocking:
                heading("3 Unlock")
                chosen = unlock_step(tabs, unlocking, locked.made)
            with gr.Tab("4 Attack", id="attack") as attacking:
                heading("4 Attack")
                example_attacked = attack_step(tabs, attacking, chosen)
            with gr.Tab("5 Riddle", id="riddle") as guessing:
                heading("5 Riddle")
                class_opens = riddle_step(tabs, guessing)
        token = gr.Textbox(visible=False)
        session = page.load(claim_session, token, token, js=OF_TAB, **QUIET)
        session.then(None, token, None, js=REMEMBERED, **QUIET)
        locked.at_load(session)
        class_opens(session)
        open_with_prompt(page, key.components["prompt"])
        key.at_load(page)
        example_attacked(page)
        page.load(None, js=ACCESSIBLE, **QUIET)
        page.unload(leave_session)
    hide_events(page)
    validate_early(page)
    log_no_values(page)
    return page


def main() -> None:
    """Serve the page on GRADIO_SERVER_NAME (127.0.0.1) and GRADIO_SERVER_PORT (7860)."""
    page = build()
    end_on_signals(lambda: page.close(verbose=False))
    page.queue(default_concurrency_limit=4, max_size=200, api_open=False)  # nothing goes round the queue
    page.launch(
        server_port=PORT,
        theme=THEME,
        css_paths=CSS,
        favicon_path=FAVICON,
        mcp_server=offers_mcp(),
        footer_links=["api", "gradio"],
        ssr_mode=False,
        prevent_thread_lock=True,
        **PROTECTED,
    )
    start_housekeeping()
    keep_some_ready()
    page.block_thread()


if __name__ == "__main__":
    main()
