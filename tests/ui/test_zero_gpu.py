"""The app on ZeroGPU, by a stand-in for `spaces` that keeps its rules."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.tiny_editors import save_instruct_pix2pix

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a script as a Space on ZeroGPU runs app.py; returns what it printed."""
    temporary = tmp_path_factory.mktemp("zero")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "SPACES_ZERO_GPU": "true", "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(temporary),
        "MODELLOCK_RIDDLES_AHEAD": "0",
        "PYTHONPATH": os.pathsep.join([str(HERE / "zero_gpu"), str(ROOT)]),
    }  # fmt: skip

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_a_hub_editor_edits_on_the_lent_gpu_and_all_else_stays_off_it(run, tmp_path):
    Image.effect_noise((64, 64), 80).convert("RGB").save(tmp_path / "image.png")
    editor = save_instruct_pix2pix(tmp_path / "tiny-pix2pix")
    said = run(str(HERE / "zero_gpu" / "served.py"), editor, str(tmp_path / "image.png"))
    assert "edited (64, 64) True 2" in said, said  # nobody was turned away by a queue of one
    assert "decorated ['edit_on_gpu'] durations [21]" in said


def test_elsewhere_nothing_knows_of_it():
    from ui import zero_gpu

    assert not zero_gpu.IS_ZERO_GPU and "spaces" not in sys.modules
