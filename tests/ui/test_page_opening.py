"""What a visitor waits for."""

import subprocess
import sys
from pathlib import Path

import gradio as gr

import app

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
import app
app.build()
print("torch" in sys.modules)
"""


def test_a_row_of_tabs_holds_nothing_else():
    page = app.build()
    for tabs in (block for block in page.blocks.values() if isinstance(block, gr.Tabs)):
        # Gradio counts what is not seen, and then writes one tab's name over the next one's
        assert {type(child) for child in tabs.children} == {gr.Tab}


def test_the_page_opens_before_torch_is_loaded():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
