"""What a lock shows, in its order, without a browser."""

import json
import zipfile
from types import SimpleNamespace

import pytest

from modellock_core.models.backbones import DEFAULT_BACKBONE
from ui import lock, sessions
from ui.lock import OWN, QUICK_LOOK, LockView, run_lock

SETTINGS = {
    "source": OWN, "task": "classification", "recipe": "standard", "amount": QUICK_LOOK, "backbone": " ", "seed": 0,
    "prompt": "in watercolor", "alpha": 0.5, "editor": "compact", "steps": 1, "edit_seed": 7, "own_hand": False,
    "like": None, "hand": None,
}  # fmt: skip


@pytest.fixture
def visitor():
    request = SimpleNamespace(session_hash="locker")
    yield request
    sessions.remove_session(request)


def test_the_lock_is_there_before_the_vanilla_model_and_complete_after_it(image_folder, tmp_path, visitor, monkeypatch):
    monkeypatch.setattr("ui.progress.REFRESH", 0)  # a small lock is done before the page is refreshed
    folder = image_folder({"cat": 8, "dog": 8})
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder))
    views = list(run_lock(visitor, upload=str(tmp_path / "mine.zip"), **SETTINGS))

    with_files = [i for i, view in enumerate(views) if view.model_file.get("visible")]
    first, last = (views[i] for i in with_files)
    assert "…" in first.result and first.made and first.key_file["visible"]
    assert "…" not in last.result and last is views[-1] and "Locked." in last.bar
    assert any("vanilla" in view.bar for view in views[with_files[0] :])
    with zipfile.ZipFile(last.model_file["value"]) as archive:
        card = json.loads(archive.read("card.json"))
    assert card["vanilla_performance"] is not None and card["backbone"] == DEFAULT_BACKBONE
    curves = [view.curve for view in views if not isinstance(view.curve, dict | type(None))]
    assert len(curves) > 1 and list(curves[-1]["images"][:2]) == list(lock.CURVES)


def test_what_a_view_does_not_give_stays_as_it_is():
    assert LockView("a bar")[1:] == ({"__type__": "update"},) * 6
