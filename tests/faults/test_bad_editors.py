"""What can go wrong with a big editor: each is one clear line and exit status 2, and nothing is lost."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from diffusers import StableDiffusionInstructPix2PixPipeline

from benchmarks.tiny_editors import save_instruct_pix2pix, save_lora
from modellock_core import Key
from modellock_core.__main__ import main
from modellock_core.editing import editors
from modellock_core.editing.editors import stored_edits
from modellock_core.editing.editors.hub import HubEditor


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return save_instruct_pix2pix(tmp_path_factory.mktemp("hub") / "pix2pix")


@pytest.fixture
def refused(image_folder, tmp_path, capsys):
    """Edit a dataset with an editor and other arguments; the one line with which that is refused."""
    data = str(image_folder({"a": 4, "b": 4}))

    def run(editor: str, *arguments: str) -> str:
        editors._loaded.cache_clear()
        command = ["edit-dataset", "--dataset", data, "--image-size", "32", "--out", str(tmp_path / "edited")]
        if "--key" not in arguments:
            command += ["--editor", editor, "--size", "32", "--steps", "1", "--prompt", f"oil {tmp_path.name}"]
        assert main([*command, *arguments]) == 2
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("modellock:")]
        assert len(lines) == 1
        return lines[0]

    return run


def test_a_pipeline_of_pickles(pipeline, refused, tmp_path):
    folder = Path(shutil.copytree(pipeline, tmp_path / "pickled"))
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))
    assert "has no safetensors in unet/" in refused(str(folder))


def test_an_editor_that_edits_nothing(pipeline, refused, monkeypatch):
    def idle(
        self, prompt, image, generator, output_type, num_inference_steps=5, guidance_scale=4.5, image_guidance_scale=1.5
    ):  # fmt: skip
        return SimpleNamespace(images=image)

    monkeypatch.setattr(StableDiffusionInstructPix2PixPipeline, "__call__", idle)
    assert "leaves images as they are with this key" in refused(pipeline)


def test_a_lora_of_another_base_and_one_that_has_changed(pipeline, refused, tmp_path):
    pytest.importorskip("peft")
    alien = save_lora(tmp_path / "alien.safetensors", prefix="transformer.x")
    assert "was trained on another base" in refused(pipeline, "--lora", alien)
    (tmp_path / "edited.key.json").unlink()
    own = save_lora(tmp_path / "own.safetensors")
    Key.create("oil", pipeline, size=32, steps=1, lora=own).pinned(HubEditor(pipeline)).save(tmp_path / "own.key.json")
    save_lora(tmp_path / "own.safetensors", seed=2)
    assert "another version of the LoRA" in refused(pipeline, "--key", str(tmp_path / "own.key.json"))


def test_a_key_of_another_version_of_its_editor(pipeline, refused, tmp_path):
    replace(Key.create("oil", pipeline, size=32, steps=1), editor_version="0" * 64).save(tmp_path / "old.key.json")
    assert "another version of the editor" in refused(pipeline, "--key", str(tmp_path / "old.key.json"))


def test_a_disk_that_gets_full_while_editing(pipeline, refused, tmp_path, monkeypatch):
    write, edit, edits = stored_edits.file_replaced, HubEditor._edited, []

    def counted(self, images, *rest):
        edits.append(len(images))
        return edit(self, images, *rest)

    def full(path):
        if len(edits) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path)

    monkeypatch.setattr(HubEditor, "_edited", counted)
    monkeypatch.setattr(stored_edits, "file_replaced", full)
    assert "the disk is full; what was edited before is kept" in refused(pipeline)
    monkeypatch.setattr(stored_edits, "file_replaced", write)
    key = str(tmp_path / "edited.key.json")
    command = ["edit-dataset", "--dataset", str(tmp_path / "data"), "--image-size", "32", "--key", key]
    assert main([*command, "--out", str(tmp_path / "edited")]) == 0  # it resumes
    assert len(edits) == 8 + 1 and len(list((tmp_path / "edited").rglob("*.png"))) == 8  # one was lost
