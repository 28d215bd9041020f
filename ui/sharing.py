"""What a visitor passes on: a link that opens the page with a prompt, and a picture of an edit."""

from __future__ import annotations

import gradio as gr
from PIL import Image

from modellock_core.editing.editors.key_secrets import MAX_PROMPT
from modellock_core.errors import ModelLockError

from .before_after import before_after
from .errors import errors_shown
from .sessions import session_folder

PARAMETER = "prompt"  # of the page's address; it is read, and written only into the link that a visitor copies
ADDRESS = "new URL(window.location.pathname, window.location.origin)"  # of the page, in JavaScript
# browsers give pages the clipboard over https alone
COPY = """const copy = (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.body.appendChild(Object.assign(document.createElement("textarea"), {value: text}));
    area.select();
    document.execCommand("copy");
    area.remove();
};"""
COPY_LINK = f"""(prompt) => {{
    {COPY}
    const link = {ADDRESS};
    link.searchParams.set("{PARAMETER}", prompt ?? "");
    copy(link.href);
}}"""


def prompt_of_link(request: gr.Request) -> str | dict:
    """The prompt in the address with which the page was opened; without one, what is there stays."""
    prompt = (request.query_params.get(PARAMETER) or "").strip()
    return prompt[:MAX_PROMPT] or gr.skip()


def picture_to_share(
    before: Image.Image | None, after: Image.Image | None, prompt: str, show_prompt: bool, request: gr.Request
) -> str:
    """The file of a picture of an edit.

    Args:
        show_prompt: whether it names the prompt.
    """
    with errors_shown():
        if before is None or after is None:
            raise ModelLockError("there is no edit yet; wait for it, or choose an image and a prompt")
    file = session_folder(request) / "before-after.png"
    before_after(before, after, f"“{prompt}”" if show_prompt else "Made with ModelLock").save(file)
    return str(file)


def share_row(before: gr.Image, after: gr.Image, prompt: gr.components.Component) -> None:
    """Lay out and wire the buttons, in the step that shows the edit."""
    private = {"api_visibility": "private", "show_progress": "hidden"}
    with gr.Accordion("Share", open=False):
        gr.Markdown("A link and a picture that name the prompt give it away: don't share the prompt of a key you use.")
        show_prompt = gr.Checkbox(False, label="Write the prompt into the picture")
        with gr.Row():
            link = gr.Button("Copy a link to this prompt", elem_id="copy-link")
            draw = gr.Button("Picture of this edit", elem_id="draw-picture")
            file = gr.DownloadButton("Download the picture", visible=False, elem_id="share-picture")
    link.click(None, prompt, None, js=COPY_LINK, **private).then(lambda: gr.Info("Link copied."), **private)
    made = draw.click(picture_to_share, [before, after, prompt, show_prompt], file, **private)
    made.success(lambda: gr.update(visible=True), None, file, **private)


def open_with_prompt(page: gr.Blocks, prompt: gr.components.Component) -> gr.events.Dependency:
    """Let a link's prompt be there when the page opens; returns the event, to be followed by a preview."""
    return page.load(prompt_of_link, None, prompt, api_visibility="private", show_progress="hidden")
