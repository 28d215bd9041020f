"""Editors whose text encoder sees the image, by tiny pipelines: Qwen-Image-Edit and DreamLite."""

import functools
from functools import partial

import diffusers
import pytest
import torch

from benchmarks.tiny_instruction_editors import save_dreamlite, save_qwen_edit
from modellock_core import Key, ModelLockError, apply_key
from modellock_core.editing.editors.hub import HubEditor

SAVE = {
    "qwen": save_qwen_edit,
    "qwen plus": partial(save_qwen_edit, plus=True),
    "dreamlite": save_dreamlite,
    "dreamlite mobile": partial(save_dreamlite, mobile=True),
}


@pytest.fixture(scope="module")
def editor_of(tmp_path_factory):
    @functools.cache
    def load(kind: str) -> HubEditor:
        if "dreamlite" in kind and not hasattr(diffusers, "DreamLitePipeline"):
            pytest.skip("this version of diffusers has no DreamLite")
        return HubEditor(SAVE[kind](tmp_path_factory.mktemp("hub") / kind))

    return load


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))


def key_of(editor: HubEditor, **settings) -> Key:
    return Key.create("with oil pastel", editor.name, steps=1, size=32, **settings)


@pytest.mark.parametrize("kind", SAVE)
def test_images_are_edited_one_by_one_each_from_the_noise_of_the_seed(editor_of, images, kind, monkeypatch):
    editor, calls = editor_of(kind), []
    call = type(editor.pipeline).__call__

    @functools.wraps(call)  # the settings that it honours are read off its signature
    def watched(pipeline, **arguments):
        calls.append(arguments)
        result = call(pipeline, **arguments)
        assert result.images.shape == (1, 3, 32, 32 if "qwen" in kind else 48)  # this Qwen's sides are multiples of 32
        return result

    monkeypatch.setattr(type(editor.pipeline), "__call__", watched)
    key = key_of(editor)
    together = apply_key(images, key, editor)
    assert together.shape == images.shape and (together - images).abs().mean() > 0.01
    assert len(calls) == 2 and all(isinstance(call["prompt"], str) for call in calls)  # a batch of one
    assert {call["generator"].initial_seed() for call in calls} == {key.seed}
    assert {(call["height"], call["width"], call["num_inference_steps"]) for call in calls} == {(32, 48, 1)}
    assert torch.equal(together[1:], apply_key(images[1:], key, editor))


@pytest.mark.parametrize(
    ("kind", "guidance", "image_guidance"),
    [("qwen", True, False), ("qwen plus", True, False), ("dreamlite", True, True), ("dreamlite mobile", False, False)],
)
def test_a_setting_is_honoured_or_refused(editor_of, images, kind, guidance, image_guidance):
    editor = editor_of(kind)
    plain = apply_key(images[:1], key_of(editor), editor)
    assert not torch.equal(apply_key(images[:1], key_of(editor, seed=5), editor), plain)
    for name, honoured in (("guidance", guidance), ("image_guidance", image_guidance)):
        if honoured:
            assert not torch.equal(apply_key(images[:1], key_of(editor, **{name: 9.0}), editor), plain)
        else:
            with pytest.raises(ModelLockError, match=f"has no {name}"):
                key_of(editor, **{name: 9.0})
    with pytest.raises(ModelLockError, match="has no strength"):
        key_of(editor, strength=0.5)


def test_a_lora_for_an_editor_that_takes_none_is_refused(editor_of, images):
    editor = editor_of("dreamlite")
    with pytest.raises(ModelLockError, match="takes no LoRA"):
        editor.edit(images, "oil", steps=1, guidance=3.5, image_guidance=1.5, seed=0, lora="own.safetensors")
