"""A page that is killed while it writes leaves nothing that the next start doesn't remove, and nothing elsewhere."""

import json
import os
import signal
import sys
import tempfile
from types import SimpleNamespace

import pandas as pd  # noqa: F401  # loaded before the fork
import pytest
import torch

import modellock_core
from modellock_core import Key, LockedModel, Progress
from modellock_core.evaluation import attacks
from modellock_core.locking.lock import Lock
from modellock_core.locking.report import LockReport
from modellock_core.paths import EXAMPLE_ATTACKS, EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.records import from_json
from modellock_core.work import Work
from ui import attack, errors, process_folder, riddle, riddle_folder
from ui import lock as lock_step

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks")
WRITING = os.O_WRONLY | os.O_RDWR
VISITOR = SimpleNamespace(session_hash="visitor")
CHOICE = {
    "prompt": "in sepia", "alpha": 0.5, "editor": "compact", "steps": 1, "edit_seed": 7, "own_hand": False,
    "like": None, "hand": None,
}  # fmt: skip
ASKED = {
    "source": lock_step.TOYBOX, "upload": None, "task": "classification", "recipe": "standard",
    "amount": lock_step.QUICK_LOOK, "backbone": "", "seed": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def locked():
    model = LockedModel.load(EXAMPLE_LOCK)
    report = from_json(LockReport, json.loads((EXAMPLE_LOCK / "report.json").read_text()), "the report")
    return Lock(model, Key.load(EXAMPLE_KEY), report)


def lock(locked):
    list(lock_step.run_lock(VISITOR, **ASKED, **CHOICE))


def make_riddle(locked):
    list(riddle.new_riddle((riddle.ALONE, 0.0), VISITOR))


def run_attack(locked):
    list(attack.run_attack(attack.EXAMPLE, "file", "quick", VISITOR))


def without_the_long_work(locked) -> None:
    """Have locks and attacks ready at once; only in a child process."""

    def ready(result):
        def steps():
            yield Progress("Finetuning")
            return result

        return lambda *args, **kwargs: Work(steps())

    report = from_json(attacks.AttackReport, json.loads(EXAMPLE_ATTACKS.read_text())["report"], "the report")
    modellock_core.lock, modellock_core.baseline, modellock_core.run_attacks = ready(locked), ready(0.9), ready(())
    attacks.Target = lambda *args: None
    attacks.attack_report = lambda *args: report
    attack.load_model_and_key = lambda *args, **kwargs: (locked.model, locked.key)
    attack.test_images_of = riddle_folder._images = lambda *args: None
    lock_step._dataset = lambda *args: SimpleNamespace(train=range(8), test=range(4))
    errors.warm_up = lambda: None


def killed_at(name: str, folder, work, locked) -> int:
    """Do the work with all temporary files in a folder, in a process that is killed when it writes this name."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def watch(event: str, arguments: tuple) -> None:
        written = {"os.rename": lambda: arguments[1], "open": lambda: (arguments[2] or 0) & WRITING and arguments[0]}
        path = event in written and written[event]()
        if path and not isinstance(path, int) and not os.fsdecode(path).startswith((str(folder), "/dev/")):
            os._exit(3)  # it would stay
        if path and not isinstance(path, int) and os.fsdecode(path).endswith(name):
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        torch.set_num_threads(1)  # the pool of threads is not in the fork
        sys.dont_write_bytecode = True
        process_folder.process_folder.cache_clear()
        tempfile.tempdir = str(folder)
        process_folder.keep_all_in_it()
        without_the_long_work(locked)
        sys.addaudithook(watch)
        work(locked)
    finally:
        os._exit(1)


@pytest.mark.parametrize(
    ("work", "name"),
    [
        (lock, "locked-model.key.json"), (lock, "/card.json"), (lock, "/locked"), (lock, "/lock-report.json"),
        (lock, "/locked-model.zip"), (make_riddle, "/card.json"), (make_riddle, "/riddle.json"),
        (make_riddle, "/riddle"), (run_attack, "/attack-report.json"),
    ],
)  # fmt: skip
def test_the_next_start_removes_what_a_killed_page_was_writing(work, name, tmp_path, locked):
    assert killed_at(name, tmp_path, work, locked) == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert any(file.is_file() for file in left.rglob("*"))
    process_folder.remove_left_behind(tmp_path)
    assert not list(tmp_path.iterdir())
