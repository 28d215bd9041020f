"""Edits that are kept on disk."""

import errno
import os
from dataclasses import replace

import pytest
import torch

from modellock_core import Key, ModelLockError, apply_key
from modellock_core.editing.editors import stored_edits
from modellock_core.editing.editors.stored_edits import EditStore, StoredEditor, with_stored_edits

SETTINGS = {"steps": 1, "guidance": 1.0, "image_guidance": 1.0, "seed": 0}


class Counting:
    """An editor that counts how many images it has edited."""

    name, version, chunk = "counting", "1", 4

    def __init__(self):
        self.count = 0

    def edit(self, images, prompt, **settings):
        self.count += len(images)
        return (1 - images) * (0.5 + len(prompt) / 100)


@pytest.fixture
def stored(tmp_path):
    def make(limit=10**9):
        return StoredEditor(Counting(), EditStore(tmp_path / "cache", limit))

    return make


def test_an_edit_is_made_once_and_read_bit_for_bit(stored):
    editor, images = stored(), torch.rand(6, 3, 32, 40)
    first = editor.edit(images, "oil", **SETTINGS)
    again = stored()  # another run
    assert torch.equal(again.edit(images, "oil", **SETTINGS), first) and again.editor.count == 0
    assert (first - editor.editor.edit(images, "oil")).abs().max() < 2 / 255


def test_a_stopped_run_edits_only_what_is_missing(stored):
    images = torch.rand(6, 3, 32, 32)
    stored().edit(images[:4], "oil", **SETTINGS)
    resumed = stored()
    resumed.edit(images, "oil", **SETTINGS)
    assert resumed.editor.count == 2


def test_another_key_another_image_and_another_version_are_edited_anew(stored):
    editor, images = stored(), torch.rand(1, 3, 32, 32)
    editor.edit(images, "oil", **SETTINGS)
    editor.edit(images, "pastel", **SETTINGS)
    editor.edit(images, "oil", **SETTINGS | {"seed": 1})
    editor.edit(1 - images, "oil", **SETTINGS)
    assert editor.editor.count == 4
    other = stored()
    other.editor.version = "2"
    other.edit(images, "oil", **SETTINGS)
    assert other.editor.count == 1


def test_names_tell_nothing_without_the_secret(stored, tmp_path):
    images = torch.rand(1, 3, 32, 32)
    stored().edit(images, "oil", **SETTINGS)
    (file,) = (tmp_path / "cache" / "edits").rglob("*.png")
    assert b"oil" not in file.read_bytes() and (tmp_path / "cache" / "secret").stat().st_mode & 0o77 == 0
    (tmp_path / "cache" / "secret").unlink()
    other = stored()
    other.edit(images, "oil", **SETTINGS)
    assert other.editor.count == 1 and len(list((tmp_path / "cache" / "edits").rglob("*.png"))) == 2


def test_a_damaged_file_is_edited_again(stored, tmp_path):
    images = torch.rand(1, 3, 32, 32)
    first = stored().edit(images, "oil", **SETTINGS)
    (file,) = (tmp_path / "cache" / "edits").rglob("*.png")
    file.write_bytes(file.read_bytes()[:50])
    assert torch.equal(stored().edit(images, "oil", **SETTINGS), first)
    assert torch.equal(stored().edit(images, "oil", **SETTINGS), first)


def test_the_oldest_edits_go_when_the_limit_is_reached(stored, tmp_path):
    editor = stored(limit=20_000)
    for i in range(12):
        editor.edit(torch.rand(1, 3, 32, 32), str(i), **SETTINGS)
    files = list((tmp_path / "cache" / "edits").rglob("*.png"))
    assert 3 < len(files) < 12 and sum(file.stat().st_size for file in files) <= 20_000


def test_a_full_disk_is_one_line_and_loses_nothing(stored, monkeypatch):
    editor, images = stored(), torch.rand(8, 3, 32, 32)
    write, written = stored_edits.file_replaced, []

    def full(path):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        return write(path)

    monkeypatch.setattr(stored_edits, "file_replaced", full)
    with pytest.raises(ModelLockError, match=r"the disk is full; .* is kept.* it resumes"):
        editor.edit(images, "oil", **SETTINGS)
    monkeypatch.setattr(stored_edits, "file_replaced", write)
    resumed = stored()
    resumed.edit(images, "oil", **SETTINGS)
    assert resumed.editor.count == 5


def test_no_images_are_no_edits(stored):
    assert stored().edit(torch.rand(0, 3, 32, 32), "oil", **SETTINGS).shape == (0, 3, 32, 32)


def test_a_key_gives_the_same_edit_from_the_disk(stored):
    key, images = Key("oil", "nobody/knows", size=32, editor_version="1"), torch.rand(2, 3, 48, 48)
    assert torch.equal(apply_key(images, key, stored()), apply_key(images, replace(key, alpha=0.35), stored()))


def test_the_environment_chooses_the_folder_and_the_limit(tmp_path, monkeypatch):
    editor = Counting()
    monkeypatch.setenv("MODELLOCK_CACHE_GB", "0")
    assert with_stored_edits(editor) is editor
    for text in ("much", "nan", "inf", "1e400"):
        monkeypatch.setenv("MODELLOCK_CACHE_GB", text)
        with pytest.raises(ModelLockError, match="number of gigabytes"):
            with_stored_edits(editor)
    monkeypatch.setenv("MODELLOCK_CACHE_GB", "0.5")
    monkeypatch.setenv("MODELLOCK_CACHE", str(tmp_path))
    kept = with_stored_edits(editor)
    assert kept.store.folder == tmp_path and kept.store.limit == 500_000_000
    (tmp_path / "secret").write_bytes(b"")
    with pytest.raises(ModelLockError, match="is damaged; remove the folder"):
        with_stored_edits(editor)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELLOCK_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelLockError, match="can't be kept"):
        with_stored_edits(editor)
