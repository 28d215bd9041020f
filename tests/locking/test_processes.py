"""The same lock on two processes."""

import json

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.tiny_editors import save_instruct_pix2pix
from modellock_core import Key, load_dataset
from modellock_core.__main__ import main
from modellock_core.editing.editors.hub import HubEditor
from modellock_core.editing.key import apply_key

LOCK = [
    "lock",
    "--prompt",
    "with oil pastel",
    "--max-train",
    "27",
    "--max-test",
    "9",
    "--no-baseline",
    "--no-hand",
    "--out",
]
SCRIPT = f"""
import sys, torch
from accelerate.utils import gather_object
from modellock_core import Key, load_dataset, new_hand
from modellock_core.__main__ import main
from modellock_core.devices import accelerator, agreed, data_parallel, gathered, own_share
from modellock_core.editing.edited_dataset import EditedImages
from modellock_core import load_editor

assert accelerator().num_processes == 2
assert len(set(gather_object([agreed(new_hand())]))) == 1
images = load_dataset("toybox").limited(9, 9).test.images
edited = EditedImages(images, Key.create("with oil pastel"), load_editor())
rows = own_share(7)  # an odd number: the shares differ
whole = gathered(edited[rows], rows)
data_parallel(torch.nn.Linear(2, 2))
assert not accelerator()._models
big = EditedImages(images, Key.create("oil", sys.argv[2], size=32, steps=1), load_editor(sys.argv[2]))
painted = gathered(big[rows], rows)
if accelerator().is_main_process:
    torch.save(painted, sys.argv[1] + "/painted.pt")
    torch.save(whole, sys.argv[1] + "/keyed.pt")
sys.exit(main([*{LOCK!r}, sys.argv[1] + "/two"]))
"""


@pytest.mark.slow
def test_two_processes_edit_alike_and_make_the_weights_that_one_makes(two_processes, tmp_path, editor, capsys):
    pipeline = save_instruct_pix2pix(tmp_path / "pix2pix")
    printed = two_processes(SCRIPT, str(tmp_path), pipeline)
    images = load_dataset("toybox").limited(9, 9).test.images[:7]
    edited = torch.load(tmp_path / "keyed.pt")
    assert (edited - apply_key(images, Key.create("with oil pastel"), editor)).abs().max() < 1 / 255
    big = Key.create("oil", pipeline, size=32, steps=1)
    alone = apply_key(images, big, HubEditor(pipeline))  # what the processes have kept on disk is not read
    assert (torch.load(tmp_path / "painted.pt") - alone).abs().max() < 3 / 255  # bf16, batches of other sizes
    assert torch.equal(torch.load(tmp_path / "painted.pt"), apply_key(images, big))  # bit for bit what they have kept
    reports = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert len(reports) == 1 and reports[0]["num_train"] == 27

    assert main([*LOCK, str(tmp_path / "one")]) == 0
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    moved = max(float((one[name].float() - two[name].float()).abs().max()) for name in one)
    assert moved < 5e-3, f"weights of one and two processes differ by {moved}"
