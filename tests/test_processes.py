"""Two processes that know of each other: the same edits and weights as of one, one answer, files written once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from benchmarks.tiny_editors import save_instruct_pix2pix
from modellock_core import RECIPES, Key, load_dataset
from modellock_core.__main__ import main
from modellock_core.editing import editors
from modellock_core.editing.editors.hub import HubEditor
from modellock_core.editing.editors.stored_edits import EditStore, StoredEditor
from modellock_core.editing.key import apply_key
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

pytestmark = pytest.mark.slow  # starting processes takes longer than all that they do here, so it is done once

LOCK = ["lock", "--prompt", "with oil pastel", "--no-hand", "--max-train", "27", "--max-test", "9", "--no-baseline"]
PAPER = [*LOCK, "--recipe", "paper"]  # quicker, and without a search that makes much of rounding
EXAMPLE = [str(EXAMPLE_LOCK), "--key", str(EXAMPLE_KEY)]
SCRIPT = """
import json, os, sys, torch
from dataclasses import replace
from accelerate.state import AcceleratorState
from accelerate.utils import gather_object
from modellock_core import RECIPES, Key, load_dataset, load_editor, new_hand
from modellock_core.__main__ import main
from modellock_core.command_line import commands
from modellock_core.devices import accelerator, agreed, gathered, own_share, prepared
from modellock_core.editing.edited_dataset import EditedImages

folder, pipeline, todo, mixed = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
assert accelerator().num_processes == 2
assert len(set(gather_object([agreed(new_hand())]))) == 1
layer = torch.nn.Linear(2, 2)
prepared(layer, torch.optim.SGD(layer.parameters()))
assert not accelerator()._models
images = load_dataset("toybox").limited(9, 9).test.images
rows = own_share(7)  # an odd number: the shares differ
for name, key in {
    "compact": Key.create("with oil pastel"), "big": Key.create("oil", pipeline, size=32, steps=1)
}.items():
    keyed = gathered(EditedImages(images, key, load_editor(key.editor))[rows], rows)
    if accelerator().is_main_process:
        torch.save(keyed, f"{folder}/{name}.pt")

commands.attacks_of = lambda thief: ("pruning",)
recipes = RECIPES["classification"]
recipes |= {name: replace(r, finetune=replace(r.finetune, epochs=2)) for name, r in recipes.items()}
for command in todo:
    assert main(command) == 0, command
os.environ["ACCELERATE_MIXED_PRECISION"] = "bf16"  # as `accelerate launch --mixed_precision bf16` does
accelerator.cache_clear()
AcceleratorState._reset_state()
assert main(mixed) == 0
"""


@dataclass
class Run:
    """What two processes were given, and what they have printed."""

    folder: Path
    pipeline: str
    edit: list[str]
    test: list[str]
    answers: list[dict]

    def out(self, name: str) -> list[str]:
        return ["--out", str(self.folder / name)]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """By torchrun, since `accelerate launch` starts one process alone on a CPU.

    With as many threads as this process has: bits are the same only with as many.
    """
    folder = tmp_path_factory.mktemp("processes")
    pipeline, data = save_instruct_pix2pix(folder / "pix2pix"), folder / "data"
    for name, count in {"cat": 5, "dog": 4}.items():  # an odd number
        (data / name).mkdir(parents=True)
        for i in range(count):
            pixels = np.random.default_rng(i).integers(0, 255, (32, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(data / name / f"{i}.png")
    photos = [str(data / "cat" / f"{i}.png") for i in range(2)]
    edit = ["--dataset", str(data), "--image-size", "32", "--editor", pipeline, "--size", "32", "--steps", "1"]
    made = Run(folder, pipeline, edit, ["test", *EXAMPLE, "--max-test", "9"], [])
    commands = [
        ["edit-dataset", *edit, "--prompt", "oil", *made.out("two-edited")],
        ["edit", *photos, "--prompt", "in sepia", *made.out("edited"), "--hand"],
        ["predict", EXAMPLE[0], *photos, *EXAMPLE[1:]],
        made.test,
        ["attack", *EXAMPLE, *made.out("attack.json")],
        ["export", *EXAMPLE, *made.out("graph.pt2")],
        [*LOCK, *made.out("two")],
    ]
    (folder / "script.py").write_text(SCRIPT)
    root = Path(__file__).resolve().parents[1]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(torch.get_num_threads()))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    arguments = [str(folder), pipeline, json.dumps(commands), json.dumps([*PAPER, *made.out("mixed")])]
    done = subprocess.run(
        [*launch, str(folder / "script.py"), *arguments], cwd=root, capture_output=True, text=True, timeout=500,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])} | threads,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made.answers += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return made


def test_two_processes_make_the_edits_of_one_bit_for_bit(run, editor, monkeypatch):
    images = load_dataset("toybox").limited(9, 9).test.images[:7]
    assert torch.equal(torch.load(run.folder / "compact.pt"), apply_key(images, Key.create("with oil pastel"), editor))
    key, big = Key.create("oil", run.pipeline, size=32, steps=1), torch.load(run.folder / "big.pt")
    anew = StoredEditor(HubEditor(run.pipeline), EditStore(run.folder / "store", 10**9))
    assert torch.equal(big, apply_key(images, key, anew))
    assert torch.equal(big, apply_key(images, key))  # what they have kept on disk

    monkeypatch.setenv("MODELLOCK_CACHE", str(run.folder / "cache"))  # not what they have kept
    editors._loaded.cache_clear()
    key_file = str(run.folder / "two-edited.key.json")
    assert main(["edit-dataset", *run.edit, "--key", key_file, *run.out("one-edited")]) == 0
    one, two = (files_in(run.folder / name) for name in ("one-edited", "two-edited"))
    assert one == two and len(one) == 9


def test_two_processes_answer_once_and_write_each_file_once(run, capsys):
    assert [next(iter(answer)) for answer in run.answers] == [
        "images", "hand", "image", "image", "image", "image", "locked_performance", "report", "graph",
        "unlocked_performance", "unlocked_performance",
    ]  # fmt: skip
    assert len(list((run.folder / "edited").iterdir())) == 2 and not list(run.folder.rglob("*.part"))
    assert json.loads((run.folder / "attack.json").read_text())["attacks"] == ["pruning"]
    assert main(run.test) == 0
    assert json.loads(capsys.readouterr().out) == run.answers[6]


def test_two_processes_make_the_weights_of_one_but_for_rounding(run, monkeypatch):
    recipes = RECIPES["classification"]
    for name, recipe in recipes.items():  # two epochs, as the two processes made: an adversary looks between them
        monkeypatch.setitem(recipes, name, replace(recipe, finetune=replace(recipe.finetune, epochs=2)))
    assert [answer["num_train"] for answer in run.answers[-2:]] == [27, 27]
    assert furthest(made_alone(run, LOCK), weights_in(run.folder / "two")) < 5e-3
    assert 0 < furthest(made_alone(run, PAPER), weights_in(run.folder / "mixed")) < 5e-3  # bf16's rounding


def made_alone(run: Run, command: list[str]) -> dict[str, torch.Tensor]:
    """The weights of a lock that this process makes."""
    assert main([*command, "--force", *run.out("one")]) == 0
    return weights_in(run.folder / "one")


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    """Those of a locked model."""
    return load_file(folder / "model.safetensors")


def files_in(folder: Path) -> dict[Path, bytes]:
    """The pictures of a folder by their places in it."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")}


def furthest(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """How far the weights of two models are apart, at most."""
    assert a.keys() == b.keys()
    return max(float((a[name].float() - b[name].float()).abs().max()) for name in a)
