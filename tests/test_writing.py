"""Whoever is killed while a file, a folder or a lock is written loses nothing."""

import json
import os
import signal
import stat
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from modellock_core import Key, LockedModel, ModelLockError
from modellock_core.locking.card import LockCard
from modellock_core.locking.lock import Lock
from modellock_core.locking.lock_files import LOCK_FILES
from modellock_core.locking.report import LockReport
from modellock_core.locking.saving import BEFORE, check_places, save_lock
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.writing import check_writable, folder_being_written, write_text

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and counts system calls by audit events")
WRITES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "ctypes.dlsym"}


def killed_at(moment: int, work) -> bool:
    """Whether a child process that does the work was killed before its write of this number."""
    child = os.fork()
    if child == 0:
        count = 0

        def watch(event: str, arguments: tuple) -> None:
            nonlocal count
            if event in WRITES and not (event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR)):
                count += 1
                if count > moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            torch.set_num_threads(1)  # the pool of threads is not in the fork
            sync = os.fsync
            os.fsync = lambda handle: (watch("os.rename", ()), sync(handle))
            sys.addaudithook(watch)
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def killed_at_every_write(work):
    """Numbers of writes, each after the work was killed at it."""
    moment = 0
    while killed_at(moment, work):
        yield moment
        moment += 1
    assert moment > 3  # there was something to kill


def visible(folder) -> set[str]:
    return {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}


def test_a_file_is_the_old_one_or_the_new_one(tmp_path):
    file = tmp_path / "a.json"
    file.write_text("old")
    for _ in killed_at_every_write(lambda: write_text(file, "new" * 1000)):
        assert file.read_text() in ("old", "new" * 1000) and visible(tmp_path) == {"a.json"}
    write_text(file, "newer", private=True)
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]  # what was left is gone
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_is_the_old_one_or_the_new_one(tmp_path):
    folder = tmp_path / "a [b]"

    def write() -> None:
        with folder_being_written(folder, ("one", "two")) as place:
            (place / "one").write_text("new")
            (place / "two").write_text("new")

    for _ in killed_at_every_write(write):
        if folder.exists():
            assert {f.name: f.read_text() for f in folder.iterdir()} in ({"one": "old"}, {"one": "new", "two": "new"})
        else:
            folder.mkdir()
            (folder / "one").write_text("old")
    write()
    assert visible(tmp_path) == {"a [b]"} == {f.name for f in tmp_path.iterdir()}


def test_an_error_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "a", "old")
    with pytest.raises(OSError), folder_being_written(tmp_path / "b"):
        raise OSError(28, "No space left on device")
    with pytest.raises(ModelLockError, match="other files, such as 'a'"), folder_being_written(tmp_path):
        raise AssertionError("not reached")
    with pytest.raises(ModelLockError, match="no plain file"):
        write_text("/dev/null", "x")
    assert [f.name for f in tmp_path.iterdir()] == ["a"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    check_writable(tmp_path / "new" / "file")
    with pytest.raises(ModelLockError, match="can't be written"):
        check_writable("/proc/none/file")
    assert not list((tmp_path / "new").iterdir())


@pytest.fixture(scope="module")
def old():
    model = LockedModel.load(EXAMPLE_LOCK)
    card, key = model.card, Key.load(EXAMPLE_KEY)
    report = LockReport(
        card.unlocked_performance, card.locked_performance, 0.1, card.task, card.metric, card.dataset, card.classes,
        9, 9, card.recipe, card.backbone, 0, {"total": 1.0},
    )  # fmt: skip
    return Lock(model, key, report)


@pytest.fixture(scope="module")
def new(old):
    """Another lock, whose first class has another name."""
    key = Key.create("in sepia")
    classes = ("another", *old.model.card.classes[1:])
    card = replace(old.model.card, classes=classes, key_hash=key.fingerprint())
    return Lock(replace(old.model, card=card), key, replace(old.report, classes=classes))


def test_a_lock_is_saved_whole_and_its_key_is_never_lost(old, new, tmp_path):
    folder, key_file = tmp_path / "locked", tmp_path / "locked.key.json"
    before = tmp_path / f"locked.key.json{BEFORE}"
    save_lock(old, folder, key_file)
    weights = (folder / "model.safetensors").read_bytes()
    for _ in killed_at_every_write(lambda: save_lock(new, folder, key_file)):
        card = LockCard.load(folder / "card.json")
        assert visible(folder) == set(LOCK_FILES) and (folder / "model.safetensors").read_bytes() == weights
        assert json.loads((folder / "report.json").read_text())["classes"] == list(card.classes)
        keys = [Key.load(file) for file in (key_file, before) if file.exists()]
        assert card.key_hash in [key.fingerprint() for key in keys]
        if card.key_hash == new.key.fingerprint():
            assert Key.load(key_file) == new.key
            break  # the rest removes what was there before
    save_lock(new, folder, key_file)
    assert LockedModel.load(folder).belongs_to(Key.load(key_file))
    assert {f.name for f in tmp_path.iterdir()} == {"locked", "locked.key.json"}
    assert load_file(folder / "model.safetensors").keys() == load_file(EXAMPLE_LOCK / "model.safetensors").keys()


def test_what_is_there_is_replaced_by_force_alone(old, tmp_path):
    folder, key_file = tmp_path / "locked", tmp_path / "key.json"
    check_places(folder, key_file, force=False)
    save_lock(old, folder, key_file)
    with pytest.raises(ModelLockError, match="locked is there already"):
        check_places(folder, tmp_path / "other.json", force=False)
    with pytest.raises(ModelLockError, match=r"key\.json is there already"):
        check_places(tmp_path / "other", key_file, force=False)
    check_places(folder, key_file, force=True)
    (folder / "photo.png").write_bytes(b"mine")
    with pytest.raises(ModelLockError, match=r"such as 'photo\.png'"):
        check_places(folder, key_file, force=True)


def test_a_full_disk_is_one_line_and_the_old_lock_stays(old, new, tmp_path):
    import resource

    save_lock(old, tmp_path / "locked", tmp_path / "key.json")
    child = os.fork()
    if child == 0:  # a limit on files stands for a full disk
        code = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            new.model.save(tmp_path / "locked")
        except ModelLockError as error:
            code = 0 if "free space" in str(error) else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert LockCard.load(tmp_path / "locked" / "card.json") == old.model.card
