"""The same lock under `accelerate launch`, on two processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from modellock_core import Key
from modellock_core.keys import keyed

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """
import sys, torch
from accelerate.utils import gather_object
from modellock_core import Key, load_dataset, new_hand
from modellock_core.__main__ import main
from modellock_core.devices import accelerator, agreed
from modellock_core.evaluation import keyed_images
from modellock_core.progress import finished

assert len(set(gather_object([agreed(new_hand())]))) == 1
images = load_dataset("toybox").limited(9, 9).test.images[:7]  # an odd number: the shares differ
edited = finished(keyed_images(images, Key.create("with oil pastel")))
if accelerator().is_main_process:
    torch.save((images, edited), sys.argv[1] + "/keyed.pt")
sys.exit(main(["lock", "--prompt", "with oil pastel", "--out", sys.argv[1] + "/locked",
               "--max-train", "27", "--max-test", "9"]))
"""


def test_two_processes_edit_alike_and_make_one_model(tmp_path, editor):
    (tmp_path / "script.py").write_text(SCRIPT)
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    done = subprocess.run(
        [*launch, str(tmp_path / "script.py"), str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    images, edited = torch.load(tmp_path / "keyed.pt")
    assert (edited - keyed(images, Key.create("with oil pastel"), editor)).abs().max() < 1 / 255
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(reports) == 1 and reports[0]["num_train"] == 27
    assert (tmp_path / "locked" / "model.safetensors").exists()
