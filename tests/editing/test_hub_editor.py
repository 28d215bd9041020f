"""The big editors' path, on tiny pipelines with the same classes."""

import inspect
import json
import shutil
from dataclasses import replace

import pytest
import torch

from benchmarks.tiny_editors import instruct_pix2pix, save_instruct_pix2pix, save_kontext, save_tiny_vae, save_turbo
from modellock_core import Key, ModelLockError, apply_key, load_editor
from modellock_core.editing.editors.families import edit_class, family_of, family_of_class
from modellock_core.editing.editors.hub import HubEditor, placement
from modellock_core.editing.negatives import negative_keys


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory):
    """Folders of tiny pipelines by what they are."""
    root = tmp_path_factory.mktemp("hub")
    turbo, vae = save_turbo(root / "turbo"), save_tiny_vae(root / "vae")
    return {
        "pix2pix": save_instruct_pix2pix(root / "pix2pix"),
        "turbo": turbo,
        "turbo with a tiny VAE": f"{turbo}+{vae}",
        "kontext": save_kontext(root / "kontext"),
    }


def test_a_pix2pix_has_the_papers_settings(pipelines):
    key = Key.create("with oil pastel", pipelines["pix2pix"])
    assert (key.alpha, key.steps, key.guidance, key.image_guidance, key.size) == (0.5, 5, 4.5, 1.5, 256)


def test_a_turbo_model_has_strength_and_no_guidance(pipelines):
    key = Key.create("an oil painting", pipelines["turbo"])
    assert (key.steps, key.guidance, key.strength) == (2, 0.0, 0.5)


@pytest.mark.parametrize("kind", ["pix2pix", "turbo", "turbo with a tiny VAE", "kontext"])
def test_any_edit_pipeline_is_an_editor(pipelines, kind):
    key = Key.create("with oil pastel", pipelines[kind], steps=2, size=32)
    images = torch.rand(3, 3, 48, 64)
    result = apply_key(images, key)
    assert result.shape == images.shape and result.min() >= 0 and result.max() <= 1
    assert (result - images).abs().mean() > 0.01


@pytest.mark.parametrize("kind", ["pix2pix", "turbo", "kontext"])
def test_edits_do_not_depend_on_the_batch(pipelines, kind):
    editor, images = HubEditor(pipelines[kind]), torch.rand(3, 3, 32, 32)
    settings = {"steps": 2, "guidance": 2.5, "image_guidance": editor.family.defaults.image_guidance, "seed": 3}
    together = editor.edit(images, "oil", **settings)
    alone = torch.cat([editor.edit(x[None], "oil", **settings) for x in images])
    assert torch.equal(together, alone)  # on a CPU bit for bit, whoever edits which image


def test_an_editor_works_in_bfloat16():
    editor = HubEditor.around(instruct_pix2pix().to(dtype=torch.bfloat16), "tiny")
    edits = editor.edit(torch.rand(1, 3, 32, 32), "oil", steps=2, guidance=4.5, image_guidance=1.5, seed=0)
    assert edits.dtype == torch.float32 and edits.isfinite().all()


def test_strength_and_prompt_change_the_edit(pipelines):
    image = torch.rand(1, 3, 32, 32)
    key = Key.create("oil", pipelines["turbo"], steps=4, strength=0.25, size=32)
    others = (replace(key, strength=1.0), replace(key, prompt="a tiger"), replace(key, seed=5))
    assert all((apply_key(image, key) - apply_key(image, other)).abs().max() > 0.004 for other in others)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("pix2pix", {"strength": 0.5}, "has no strength"),
        ("pix2pix", {"hand": "0" * 32}, "has no hand"),
        ("turbo", {"image_guidance": 1.5}, "has no image_guidance"),
        ("kontext", {"image_guidance": 1.5}, "has no image_guidance"),
        ("turbo", {"steps": 1}, "leave none to edit with; give at least 2 steps"),
        ("turbo", {"strength": 0}, "strength must be"),
        ("turbo", {"keying": "theirs"}, "keying must be"),
    ],
)
def test_a_setting_that_the_editor_would_ignore_is_refused(pipelines, kind, settings, message):
    with pytest.raises(ModelLockError, match=message):
        Key.create("oil", pipelines[kind], **settings)


@pytest.mark.parametrize("setting", ["strength", "lora", "keying"])
def test_the_compact_editor_has_none_of_the_big_editors_settings(setting):
    value = {"strength": 0.5, "lora": "x", "keying": "authors"}[setting]
    with pytest.raises(ModelLockError, match=f"has no {setting}"):
        Key("x", **{setting: value})


def test_a_key_of_an_editor_that_was_not_there_is_checked_when_it_edits(pipelines):
    key = Key("oil", "nobody/knows", guidance=0.0, image_guidance=1.5)
    with pytest.raises(ModelLockError, match="ignores image_guidance"):
        apply_key(torch.rand(1, 3, 32, 32), key, HubEditor(pipelines["turbo"]))


def test_wrong_keys_of_any_editor_are_made(pipelines):
    key = Key.create("oil", pipelines["turbo"])
    assert negative_keys(key, HubEditor(pipelines["turbo"]), 3, torch.Generator().manual_seed(0))
    assert key.altered(image_guidance=9.0).image_guidance == 1.0  # what is ignored can't be wrong
    assert key.with_editor("compact").strength is None


def test_other_weights_are_another_version_and_a_copy_is_not(pipelines, tmp_path):
    shutil.copytree(pipelines["pix2pix"], tmp_path / "copy")
    save_instruct_pix2pix(tmp_path / "other", seed=1)
    version = HubEditor(pipelines["pix2pix"]).version
    assert HubEditor(str(tmp_path / "copy")).version == version
    other = HubEditor(str(tmp_path / "other"))
    assert other.version != version
    key = replace(Key.create("oil", pipelines["pix2pix"], size=32), editor_version=version)
    with pytest.raises(ModelLockError, match="another version of the editor"):
        apply_key(torch.rand(1, 3, 32, 32), key, other)


def test_what_others_fetch_into_a_pipelines_folder_changes_no_version(pipelines, tmp_path):
    version = HubEditor(pipelines["pix2pix"]).version
    copy = shutil.copytree(pipelines["pix2pix"], tmp_path / "copy")
    weights = next((copy / "unet").glob("*.safetensors"))
    shutil.copy(weights, weights.with_suffix(".fp16.safetensors"))
    (copy / "v1-5-pruned.safetensors").write_bytes(b"a checkpoint in one file")
    (copy / "safety_checker").mkdir()
    (copy / "safety_checker" / "config.json").write_text("{}")
    assert HubEditor(str(copy)).version == version


def test_a_tiny_vae_is_another_version(pipelines):
    assert HubEditor(pipelines["turbo with a tiny VAE"]).version != HubEditor(pipelines["turbo"]).version


def test_the_authors_keying_cuts_to_grey_levels(pipelines):
    images = (torch.rand(1, 3, 32, 32) * 255).round() / 255
    key = Key.create("oil", pipelines["pix2pix"], steps=2, size=32, keying="authors")
    keyed, smooth = apply_key(images, key), apply_key(images, replace(key, keying="standard"))
    assert torch.allclose(keyed * 255, (keyed * 255).round(), atol=1e-3)
    assert 0 < (keyed - smooth).abs().max() <= 1 / 255 + 1e-6


def test_an_editor_that_changes_nothing_is_refused(pipelines, monkeypatch):
    editor = HubEditor(pipelines["pix2pix"])
    settings = {"steps": 1, "guidance": 4.5, "image_guidance": 1.5, "seed": 0}

    class Idle:
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, image, **_):
            return type("Output", (), {"images": self.factor * image})

    for factor, message in ((1, "leaves images as they are"), (0, "empty images"), (float("nan"), "empty images")):
        monkeypatch.setattr(editor, "pipeline", Idle(factor))
        with pytest.raises(ModelLockError, match=message):
            editor.edit(torch.rand(2, 3, 32, 32), "oil", **settings)


def test_a_pipeline_without_safetensors_is_refused(pipelines, tmp_path):
    shutil.copytree(pipelines["pix2pix"], tmp_path / "pickled")
    file = tmp_path / "pickled" / "unet" / "diffusion_pytorch_model.safetensors"
    file.rename(file.with_suffix(".bin"))
    with pytest.raises(ModelLockError, match=r"no safetensors in unet/.*safe_serialization"):
        load_editor(str(tmp_path / "pickled"))


def test_a_vae_of_another_base_is_refused(pipelines, tmp_path):
    with pytest.raises(ModelLockError, match="16 latent channels, the editor needs 4"):
        load_editor(f"{pipelines['turbo']}+{save_tiny_vae(tmp_path / 'vae', latent_channels=16)}")


def test_what_edits_no_images_is_refused(pipelines, tmp_path):
    shutil.copytree(pipelines["turbo"], tmp_path / "other")
    index = tmp_path / "other" / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"_class_name": "DDPMPipeline"}))
    with pytest.raises(ModelLockError, match=r"DDPMPipeline .* not an editor"):
        load_editor(str(tmp_path / "other"))


def test_a_pipeline_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelLockError, match="there is no such folder"):
        load_editor(str(tmp_path / "nothing"))
    with pytest.raises(ModelLockError, match=r"'me/nothing' can't be loaded \([^()]{1,90}\); give the folder") as error:
        load_editor("me/nothing")  # or there is no connection
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(("free", "how"), [(200, "whole"), (100, "models"), (50, "layers")])
def test_a_pipeline_goes_to_the_gpu_in_parts_where_memory_is_short(free, how):
    assert placement([40, 60, 10], free) == how


@pytest.mark.parametrize(
    ("name", "arguments", "alone"),
    [
        ("QwenImageEditPipeline", {"guidance": "true_cfg_scale"}, True),
        ("QwenImageEditPlusPipeline", {"guidance": "true_cfg_scale"}, True),
        ("DreamLitePipeline", {"guidance": "guidance_scale", "image_guidance": "image_guidance_scale"}, True),
        ("DreamLiteMobilePipeline", {}, True),
        ("LatentConsistencyModelPipeline", {"guidance": "guidance_scale", "strength": "strength"}, False),
        ("StableDiffusionXLPipeline", {"guidance": "guidance_scale", "strength": "strength"}, False),
    ],
)
def test_each_family_honours_its_own_settings(name, arguments, alone):
    kind = edit_class(name)
    if kind is None:
        pytest.skip(f"this version of diffusers has no {name}")
    family = family_of_class(kind)
    assert (dict(family.arguments), family.alone) == (arguments, alone)
    accepted = set(inspect.signature(kind.__call__).parameters)
    assert {*family.arguments.values(), *family.fixed, "image", "prompt", "generator", "output_type"} <= accepted
    assert family.defaults.steps >= 1


def test_families_are_known_without_loading_the_weights(pipelines, tmp_path):
    shutil.copytree(pipelines["kontext"], tmp_path / "bare", ignore=shutil.ignore_patterns("*.safetensors"))
    family = family_of(str(tmp_path / "bare"))
    assert family is not None and family.defaults.size == 1024 and "guidance" in family.arguments
