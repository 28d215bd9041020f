"""Commands on two processes: one answer, the files that one process writes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.tiny_editors import save_instruct_pix2pix
from modellock_core import load_editor
from modellock_core.__main__ import main
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

SCRIPT = """
import json, sys
from modellock_core import load_editor
from modellock_core.__main__ import main
from modellock_core.command_line import commands
from modellock_core.devices import accelerator

assert accelerator().num_processes == 2
commands.attacks_of = lambda thief: ("pruning",)
for command in json.loads(sys.argv[1]):
    assert main(command) == 0, command
"""


def pictures_in(folder: Path) -> dict[Path, np.ndarray]:
    """The pictures of a folder by their places in it."""
    return {path.relative_to(folder): np.asarray(Image.open(path), np.int16) for path in folder.rglob("*.png")}


@pytest.mark.slow
def test_two_processes_answer_once_and_write_what_one_does(two_processes, tmp_path, image_folder, monkeypatch, capsys):
    data = str(image_folder({"cat": 5, "dog": 4}))  # an odd number: the shares differ
    pictures = sorted(map(str, Path(data, "cat").iterdir()))[:2]
    pipeline = save_instruct_pix2pix(tmp_path / "pix2pix")
    edit = ["--dataset", data, "--image-size", "32", "--editor", pipeline, "--size", "32", "--steps", "1"]
    locked, key = [str(EXAMPLE_LOCK)], ["--key", str(EXAMPLE_KEY)]

    def out(name: str) -> list[str]:
        return ["--out", str(tmp_path / name)]

    commands = [
        ["edit-dataset", *edit, "--prompt", "oil", *out("two")],
        ["edit", *pictures, "--prompt", "in sepia", *out("edited"), "--hand"],
        ["predict", *locked, *pictures, *key],
        ["test", *locked, *key, "--max-test", "9"],
        ["attack", *locked, *key, *out("attack.json")],
        ["export", *locked, *key, *out("graph.pt2")],
    ]
    printed = two_processes(SCRIPT, json.dumps(commands))
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert [next(iter(line)) for line in lines] == [
        "images", "hand", "image", "image", "image", "image", "locked_performance", "report", "graph",
    ]  # fmt: skip
    assert len(list((tmp_path / "edited").iterdir())) == 2 and not list(tmp_path.rglob("*.part"))
    assert json.loads((tmp_path / "attack.json").read_text())["attacks"] == ["pruning"]

    # one process with a cache of its own makes the same edits, but for a grey level of rounding, and the same score
    monkeypatch.setenv("MODELLOCK_CACHE", str(tmp_path / "cache"))
    load_editor.cache_clear()
    assert main(["edit-dataset", *edit, "--key", str(tmp_path / "two.key.json"), *out("one")]) == 0
    one, two = (pictures_in(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys() and len(one) == 9
    assert max(abs(one[place] - two[place]).max() for place in one) <= 1
    capsys.readouterr()
    assert main(commands[3]) == 0
    assert json.loads(capsys.readouterr().out) == lines[6]
