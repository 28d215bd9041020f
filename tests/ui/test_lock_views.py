"""What a lock shows, in its order, without a browser."""

import json
import shutil
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest

from modellock_core import Key
from modellock_core.locking.report import LockReport
from modellock_core.models.backbones import DEFAULT_BACKBONE
from modellock_core.paths import EXAMPLE_LOCK
from modellock_core.records import from_json
from ui import lock, sessions
from ui.key_files import keep_key
from ui.lock import OWN, QUICK_LOOK, LockView, run_lock
from ui.lock_figures import before_lock

SETTINGS = {
    "source": OWN, "task": "classification", "recipe": "standard", "amount": QUICK_LOOK, "backbone": " ", "seed": 0,
    "prompt": "in watercolor", "alpha": 0.5, "editor": "compact", "steps": 1, "edit_seed": 7, "own_hand": False,
    "like": None, "hand": None,
}  # fmt: skip


@pytest.fixture
def visitor():
    request = SimpleNamespace(session_hash="locker")
    yield request
    sessions.leave_session(request)


def test_the_lock_is_there_before_the_vanilla_model_and_complete_after_it(image_folder, tmp_path, visitor, monkeypatch):
    monkeypatch.setattr("ui.progress.REFRESH", 0)  # a small lock is done before the page is refreshed
    folder = image_folder({"cat": 8, "dog": 8})
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder))
    views = list(run_lock(visitor, upload=str(tmp_path / "mine.zip"), **SETTINGS))

    with_files = [i for i, view in enumerate(views) if view.model_file.get("visible")]
    first, last = (views[i] for i in with_files)
    assert "being measured" in first.result and first.made and first.key_file["visible"]
    assert "being measured" not in last.result and last is views[-1] and "Done." in last.bar
    assert any("vanilla" in view.bar for view in views[with_files[0] :])
    with zipfile.ZipFile(last.model_file["value"]) as archive:
        card = json.loads(archive.read("card.json"))
    assert card["vanilla_performance"] is not None and card["backbone"] == DEFAULT_BACKBONE
    curves = [view.curve["value"] for view in views if "value" in view.curve]
    assert len(curves) > 1 and list(curves[-1]["images"][:2]) == list(lock.CURVES)


def test_a_reloaded_page_shows_its_lock_again(visitor, tmp_path):
    assert lock.found_again(visitor) == LockView(before_lock())
    home = sessions.session_folder(visitor)
    report = json.loads((EXAMPLE_LOCK / "report.json").read_text())
    (home / lock.REPORT).write_text(json.dumps(report))
    keep_key(Key("in <b>sepia</b>"), visitor)
    shutil.copytree(EXAMPLE_LOCK, home / "locked")
    view = lock.found_again(visitor)
    assert "in &lt;b&gt;sepia" in view.result and view.made and view.model_file["visible"] and view.key_file["visible"]


@pytest.mark.parametrize(
    ("unlocked", "locked", "said"),
    [(0.9, 0.12, "With the key it works"), (0.9, 0.5, "this lock does not hold"), (0.3, 0.12, "does not open it well")],
)
def test_the_result_says_whether_the_lock_is_good(unlocked, locked, said):
    report = from_json(LockReport, json.loads((EXAMPLE_LOCK / "report.json").read_text()), "it")
    report = replace(report, unlocked_performance=unlocked, locked_performance=locked)
    shown = lock.result_html(report, "in sepia")
    assert said in shown and f"{unlocked:.0%}" in shown and f"{locked:.0%}" in shown


def test_what_a_view_does_not_give_stays_as_it_is():
    assert LockView("a bar")[1:] == ({"__type__": "update"},) * 6
