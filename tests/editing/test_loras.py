"""LoRA weights: an owner's private version of a big editor, on a tiny pipeline."""

from dataclasses import replace

import pytest
import torch

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


def test_a_lora_of_another_base_is_refused(editor, tmp_path):
    wide = save_lora(tmp_path / "wide.safetensors", extra=8)
    alien = save_lora(tmp_path / "alien.safetensors", prefix="transformer.x")
    (tmp_path / "pickle.bin").write_bytes(b"")
    for lora in (wide, alien, str(tmp_path / "none.safetensors"), str(tmp_path / "pickle.bin")):
        with pytest.raises(ModelLockError, match=r"LoRA .*(can't be loaded|another base|no safetensors)") as error:
            editor.edit(IMAGE, "oil", lora=lora, **SETTINGS)
        assert "\n" not in str(error.value)
    assert editor.edit(IMAGE, "oil", **SETTINGS).isfinite().all()


def test_without_peft_one_line_says_what_to_install(editor, key, monkeypatch):
    monkeypatch.setattr(loras, "find_spec", lambda name: None)
    with pytest.raises(ModelLockError, match="pip install peft"):
        editor.edit(IMAGE, "oil", lora=key.lora, **SETTINGS)
