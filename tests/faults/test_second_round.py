"""What a second round of bad inputs has found: each is one clear line, before anything is lost."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from modellock_core import Key, LockedModel, ModelLockError, load_dataset
from modellock_core.__main__ import main
from modellock_core.command_line.resuming import BEGUN
from modellock_core.data.archives import unpacked
from modellock_core.locking.saving import check_places
from modellock_core.models.backbones import load_backbone
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from ui.keys import make_key
from ui.model_files import open_zipped, zipped
from ui.unlock import load_model_and_key

BOM = b"\xef\xbb\xbf"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def told(capsys):
    """The one line with which a command is refused."""

    def run(*arguments: object) -> str:
        assert main([str(argument) for argument in arguments]) == 2
        lines = capsys.readouterr().err.splitlines()
        (line,) = (line for line in lines if line.startswith("modellock:"))  # the others tell of progress
        return line

    return run


@pytest.fixture
def masks(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for i in range(2):
            Image.new("RGB" if part == "images" else "L", (32, 32), 1).save(tmp_path / part / f"{i}.png")
    return tmp_path


def test_a_key_that_windows_notepad_has_saved_is_the_same_key(tmp_path):
    (tmp_path / "key.json").write_bytes(BOM + EXAMPLE_KEY.read_bytes().replace(b"\n", b"\r\n"))
    assert Key.load(tmp_path / "key.json") == Key.load(EXAMPLE_KEY)


def test_a_key_that_says_something_twice_is_refused(tmp_path):
    (tmp_path / "key.json").write_text(EXAMPLE_KEY.read_text().rstrip().removesuffix("}") + ', "prompt": "other"}')
    with pytest.raises(ModelLockError, match="not a key file"):
        Key.load(tmp_path / "key.json")


def test_names_of_classes_begin_with_no_mark_and_are_different(masks):
    (masks / "classes.txt").write_bytes(BOM + b"background\r\nthing\r\n")
    assert load_dataset(masks, task="segmentation", size=32).classes == ("background", "thing")
    (masks / "classes.txt").write_text("thing\nthing\n")
    with pytest.raises(ModelLockError, match="two classes are called 'thing'"):
        load_dataset(masks, task="segmentation", size=32)


def test_a_card_with_two_classes_of_one_name_is_refused(tmp_path):
    card = json.loads((EXAMPLE_LOCK / "card.json").read_text())
    card["classes"][1] = card["classes"][0]
    (tmp_path / "card.json").write_text(json.dumps(card))
    os.link(EXAMPLE_LOCK / "model.safetensors", tmp_path / "model.safetensors")
    with pytest.raises(ModelLockError, match="two classes are called 'bird'"):
        LockedModel.load(tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_zip_that_is_damaged_inside_is_one_line(tmp_path, method):
    for name in ("a.png", "model.safetensors"):
        with zipfile.ZipFile(tmp_path / name, "w", method) as archive:
            archive.writestr(name, os.urandom(999))
        content = bytearray((tmp_path / name).read_bytes())
        content[60:1000:9] = bytes(255 - value for value in content[60:1000:9])
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelLockError, match="can't be unpacked"), unpacked(tmp_path / "a.png"):
        pass
    with pytest.raises(ModelLockError, match="no locked model"):
        open_zipped(tmp_path / "model.safetensors")


def test_a_zip_with_a_file_below_a_file_names_no_temporary_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for name in ("a/0.png", "a/0.png/1.png"):
            archive.writestr(name, b"x")
    with pytest.raises(ModelLockError, match="can't be unpacked") as error, unpacked(tmp_path / "data.zip"):
        pass
    assert "/0.png" not in str(error.value) and "\n" not in str(error.value)


def test_a_model_is_zipped_whatever_the_clock_says(tmp_path):
    shutil.copytree(EXAMPLE_LOCK, tmp_path / "locked")
    for file in (tmp_path / "locked").iterdir():
        os.utime(file, (0, 0))  # 1970
    assert open_zipped(zipped(tmp_path / "locked")).card == LockedModel.load(EXAMPLE_LOCK).card


@pytest.mark.parametrize("content", ["[]", "null", "[" * 100_000, "1" * 6000, "a pipe", "a folder"])
def test_a_note_of_begun_work_that_is_none_is_named(image_folder, tmp_path, told, content):
    note = tmp_path / f"edited{BEGUN}"
    if content == "a pipe":
        os.mkfifo(note)
    elif content == "a folder":
        note.mkdir()
    else:
        note.write_text(content)
    line = told(
        "edit-dataset", "--dataset", image_folder({"a": 3, "b": 3}), "--image-size", 32, "--size", 32,
        "--prompt", "in sepia", "--out", tmp_path / "edited",
    )  # fmt: skip
    assert "was begun with other images (unknown then" in line and str(note) in line


@pytest.mark.parametrize(
    "content", [b"hello", b"PK\x03\x04", b"\x80\x02.", b"\x80\x04\x95", b"cos\nsystem\n(S'id'\ntR."]
)
def test_what_is_no_checkpoint_is_one_line(tmp_path, told, content):
    (tmp_path / "some.pth").write_bytes(content)
    assert "some.pth" in told("import-authors", tmp_path / "some.pth", "--out", tmp_path / "model")


@pytest.mark.parametrize("key_out", ["new/model", "new"])
def test_a_key_in_the_place_of_its_model_is_refused_before_the_work(tmp_path, key_out):
    with pytest.raises(ModelLockError, match="is a folder of the model's"):
        check_places(tmp_path / "new" / "model", tmp_path / key_out, force=False)
    assert not list(tmp_path.iterdir())


def test_an_error_commands_no_terminal(told, tmp_path):
    line = told("edit", tmp_path / "\x1b[31m\u202egnp.png", "--prompt", "in sepia", "--out", tmp_path / "out")
    assert line.isprintable() and r"\x1b[31m\u202egnp.png" in line


def test_who_stops_reading_gets_no_complaint(tmp_path, monkeypatch, capsys):
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        arguments = ["edit", str(tmp_path / "a.png"), "--prompt", "in sepia", "--out", str(tmp_path / "out"), "--hand"]
        assert main(arguments) == 141
    assert not capsys.readouterr().err


def test_an_unknown_editor_of_the_hub_is_one_line_without_the_libraries_own(tmp_path):
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    command = [sys.executable, "-m", "modellock_core", "edit", "a.png", "--prompt", "x", "--out", "out"]
    done = subprocess.run(
        [*command, "--editor", "nobody/nothing"], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and line.startswith("modellock: the editor 'nobody/nothing' can't be loaded")


def test_the_page_refuses_a_seed_that_is_too_large_and_what_is_not_chosen():
    choice = {"prompt": "in sepia", "alpha": 0.5, "editor": "compact", "steps": 1, "edit_seed": 2**64}
    with pytest.raises(ModelLockError, match="seed must be"):
        make_key(**choice, own_hand=False, like=None, hand=None)
    with pytest.raises(ModelLockError, match="choose a model"):
        load_model_and_key(None, SimpleNamespace(session_hash="somebody"))


@pytest.mark.parametrize("prefix", ["", "transformers:"])
@pytest.mark.parametrize(
    "config",
    [
        "[" * 100_000, '{"architecture": ' + "9" * 6000 + "}", '{"architecture": 5}', '{"architecture": null}',
        '{"architecture": "resnet18", "pretrained_cfg": {"input_size": "x"}}',
        '{"architecture": "resnet18", "pretrained_cfg": {"mean": "x"}}',
        '{"model_type": "vit", "hidden_size": "x"}',
        '{"model_type": "own", "auto_map": {"AutoConfig": "evil.Own"}}',
    ],
)  # fmt: skip
def test_a_backbone_s_damaged_settings_are_one_line_and_its_code_is_never_run(tmp_path, monkeypatch, prefix, config):
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "evil.py").write_text("raise SystemExit('it was run')")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail(f"asked: {question}"))
    with pytest.raises(ModelLockError):
        load_backbone(f"{prefix}{tmp_path}")
