"""LoRA weights: an owner's private version of a big editor, on a tiny pipeline."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save_file

from benchmarks.tiny_editors import save_instruct_pix2pix, save_lora
from modellock_core import Key, ModelLockError, apply_key, load_editor
from modellock_core.editing.editors import loras
from modellock_core.editing.editors.hub import HubEditor

pytest.importorskip("peft")
IMAGE = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
SETTINGS = {"steps": 1, "guidance": 4.5, "image_guidance": 1.5, "seed": 0}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return save_instruct_pix2pix(tmp_path_factory.mktemp("hub") / "pix2pix")


@pytest.fixture(scope="module")
def editor(pipeline):
    return HubEditor(pipeline)


@pytest.fixture
def key(pipeline, tmp_path):
    """A key with a LoRA of its own."""
    lora = save_lora(tmp_path / "own.safetensors")
    return Key.create("oil", pipeline, steps=1, size=32, lora=lora)


def test_a_lora_changes_the_edits(editor, key):
    plain = apply_key(IMAGE, replace(key, lora=None), editor)
    assert (apply_key(IMAGE, key, editor) - plain).abs().max() > 0.004
    assert torch.equal(apply_key(IMAGE, replace(key, lora=None), editor), plain)  # the LoRA is gone again


def test_a_lora_is_a_file_or_a_folder_with_one(editor, key, tmp_path):
    whole = apply_key(IMAGE, replace(key, lora=str(tmp_path)), editor)
    assert torch.equal(whole, apply_key(IMAGE, key, editor))
    save_lora(tmp_path / "another.safetensors")
    with pytest.raises(ModelLockError, match="has 2 safetensors files; give the one"):
        apply_key(IMAGE, replace(key, lora=str(tmp_path)), editor)


def test_a_lora_of_the_hub_is_fetched_once_by_name(editor, key, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda name, allow_patterns: str(tmp_path))
    assert torch.equal(apply_key(IMAGE, replace(key, lora="me/style"), editor), apply_key(IMAGE, key, editor))


def test_a_key_holds_the_version_of_its_lora_and_refuses_another(editor, key, tmp_path):
    pinned = key.pinned(editor)
    assert pinned.lora_version is not None and pinned.editor_version == editor.version
    first = apply_key(IMAGE, pinned, editor)
    assert torch.equal(first, apply_key(IMAGE, key, editor))
    save_lora(tmp_path / "own.safetensors", seed=2)  # the same name, other weights
    with pytest.raises(ModelLockError, match=r"another version of the LoRA .*own.safetensors"):
        apply_key(IMAGE, pinned, editor)
    assert (apply_key(IMAGE, key, editor) - first).abs().max() > 0.004  # an unpinned key takes the new ones


def test_kept_edits_are_not_those_of_another_lora(key, tmp_path):
    kept = load_editor(key.editor)
    first = apply_key(IMAGE, key, kept)
    save_lora(tmp_path / "own.safetensors", seed=2)
    assert not torch.equal(apply_key(IMAGE, key, kept), first)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut", "no safetensors file, or damaged"),
        ("empty", "no safetensors file, or damaged"),
        ("a pickle", "no safetensors file, or damaged"),
        ("a text", "no safetensors file, or damaged"),
        ("notes.txt", "is no safetensors file; give the one file"),
        ("absent", "there is no LoRA"),
        ("no name of the Hub", "there is no LoRA"),
        ("a folder without", "has 0 safetensors files"),
        ("a folder of its name", "has 0 safetensors files"),
        ("a pipe", "is no plain file"),
        ("of another width", "another base"),
        ("of another network", "another base"),
        ("a half", "is not whole"),
        ("whole numbers", "another base"),
        ("no numbers", "empty images"),
    ],
)
def test_a_bad_lora_is_one_line_and_the_next_edit_is_as_ever(editor, tmp_path, kind, message):
    file = Path(save_lora(tmp_path / "bad.safetensors"))
    content = file.read_bytes()
    weights = load(content)
    lora = str(file)
    if kind == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "a pickle":
        torch.save(weights, file)
    elif kind == "a text":
        file.write_text("hello " * 99)
    elif kind == "notes.txt":
        lora = str(file.rename(tmp_path / kind))
    elif kind == "absent":
        file.unlink()
    elif kind == "no name of the Hub":
        lora = "a/b/c"
    elif kind == "a folder without":
        lora = str(file.parent / "empty")
        Path(lora).mkdir()
    elif kind == "a folder of its name":
        file.unlink()
        file.mkdir()
    elif kind == "a pipe":
        file.unlink()
        os.mkfifo(file)
    elif kind == "of another width":
        save_lora(file, extra=8)
    elif kind == "of another network":
        save_lora(file, prefix="transformer.x")
    elif kind == "a half":
        save_file(dict(list(weights.items())[:1]), file)
    elif kind == "whole numbers":
        save_file({name: weight.to(torch.int8) for name, weight in weights.items()}, file)
    else:
        save_file({name: weight * float("nan") for name, weight in weights.items()}, file)
    with pytest.raises(ModelLockError, match=message) as error:
        editor.edit(IMAGE, "oil", lora=lora, **SETTINGS)
    assert "\n" not in str(error.value)
    assert editor.edit(IMAGE, "oil", **SETTINGS).isfinite().all()


def test_without_peft_one_line_says_what_to_install(editor, key, monkeypatch):
    monkeypatch.setattr(loras, "find_spec", lambda name: None)
    with pytest.raises(ModelLockError, match="pip install peft"):
        editor.edit(IMAGE, "oil", lora=key.lora, **SETTINGS)
