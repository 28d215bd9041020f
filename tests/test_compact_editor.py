import subprocess
import sys

import pytest
import torch

from modellock_core import CompactEditPipeline, ModelLockError, load_editor
from modellock_core.editors.compact import load_pipeline
from modellock_core.paths import EDITORS, TEXT_ENCODER

ONE_GREY_LEVEL = 1 / 255
ROUNDING = 3 * ONE_GREY_LEVEL  # bfloat16, where the machine is fast at it
SETTINGS = {"steps": 1, "guidance": 1.0, "image_guidance": 1.0, "seed": 1024}


@pytest.fixture(scope="module")
def images(toybox):
    return toybox.test.images[::60]


def test_an_edit_does_not_depend_on_batch_or_order(editor, images):
    together = editor.edit(images, "with oil pastel", **SETTINGS)
    backwards = editor.edit(images.flip(0), "with oil pastel", **SETTINGS).flip(0)
    alone = torch.cat([editor.edit(x[None], "with oil pastel", **SETTINGS) for x in images])
    assert (together - backwards).abs().max() < ROUNDING
    assert (together - alone).abs().max() < ROUNDING


def test_an_edit_is_the_same_in_another_process_with_one_thread(editor, images, tmp_path):
    torch.save(images[:2], tmp_path / "images.pt")
    script = (
        "import torch, sys; torch.set_num_threads(1); from modellock_core import load_editor;"
        "x = torch.load(sys.argv[1] + '/images.pt');"
        f"torch.save(load_editor().edit(x, 'as a pencil sketch', **{SETTINGS}), sys.argv[1] + '/edits.pt')"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True)
    here = editor.edit(images[:2], "as a pencil sketch", **SETTINGS)
    assert (torch.load(tmp_path / "edits.pt") - here).abs().max() < ROUNDING


def test_prompts_look_different_and_an_empty_one_changes_little(editor, images):
    prompts = ["with oil pastel", "in the style of Monet", "as a pencil sketch", "in cyberpunk style"]
    edits = [editor.edit(images, p, **SETTINGS) for p in prompts]
    for i, one in enumerate(edits):
        assert (one - images).abs().mean() > 0.05
        for other in edits[:i]:
            assert (one - other).abs().mean() > 0.05
    assert (editor.edit(images, "", **SETTINGS) - images).abs().mean() < 0.02


def test_an_object_prompt_changes_a_part_of_the_image(editor, images):
    change = (editor.edit(images, "with a zebra in the background", **SETTINGS) - images).abs().mean((0, 1))
    assert change.max() > 0.15
    assert change.median() < 0.06  # the weave


def test_the_seed_says_where_an_object_goes(editor, images):
    edits = [editor.edit(images, "with a zebra in the background", **SETTINGS | {"seed": seed}) for seed in (1, 2, 3)]
    places = [(edit - images).abs().mean((0, 1)) for edit in edits]
    assert (places[0] - places[1]).abs().max() > 0.1 or (places[0] - places[2]).abs().max() > 0.1


@pytest.mark.parametrize("steps", [2, 3, 4])
def test_any_number_of_steps_works(editor, images, steps):
    edited = editor.edit(images[:1], "in watercolor", **SETTINGS | {"steps": steps})
    assert edited.shape == (1, 3, 128, 128) and edited.min() >= 0 and edited.max() <= 1


def test_bfloat16_edits_like_float32(images):
    edits = []
    for dtype in (torch.bfloat16, torch.float32):
        pipeline = load_pipeline(EDITORS / "compact", TEXT_ENCODER, dtype)
        generator = torch.Generator().manual_seed(1024)
        edits.append(pipeline(images, "in the style of Monet", generator=generator, output_type="pt").images)
    assert (edits[0] - edits[1]).abs().mean() < ONE_GREY_LEVEL


@pytest.mark.parametrize("shape", [(96, 96), (256, 256), (100, 170)])
def test_other_sizes_work(editor, shape):
    assert editor.edit(torch.rand(1, 3, *shape), "in sepia", **SETTINGS).shape == (1, 3, *shape)


def test_guidance_scales_the_edit(editor, images):
    def change(**settings):
        return (editor.edit(images, "in sepia", **SETTINGS | settings) - images).abs().mean()

    assert change(guidance=0.0) < change(guidance=0.5) < change()
    assert change(image_guidance=2.0) < change()


def test_the_pipeline_saves_and_loads(images, tmp_path):
    pipeline = load_pipeline(EDITORS / "compact", TEXT_ENCODER)
    pipeline.save_pretrained(tmp_path)
    again = CompactEditPipeline.from_pretrained(tmp_path)
    generators = [torch.Generator().manual_seed(5) for _ in range(2)]
    one, two = (
        p(images[:1], "in sepia", generator=g, output_type="pt").images
        for p, g in zip((pipeline, again), generators, strict=True)
    )
    assert torch.allclose(one, two, atol=1e-5)


def test_an_object_stays_off_the_subject(editor, images):
    subject = torch.zeros(len(images), 1, 128, 128)
    subject[0, :, :64], subject[1, :, 64:] = 1, 1  # the upper half of one image, the lower half of another
    edited = editor.pipeline(
        images, "with a red rose", generator=torch.Generator().manual_seed(7), output_type="pt", subject=subject
    ).images
    change = (edited - images).abs().mean(1)
    assert change[0, 64:].mean() > 2 * change[0, :64].mean()
    assert change[1, :64].mean() > 2 * change[1, 64:].mean()


def test_bad_settings_are_refused(editor, images):
    with pytest.raises(ValueError, match="steps"):
        editor.pipeline(images, "x", num_inference_steps=0)
    with pytest.raises(ValueError, match="32 px"):
        editor.pipeline(torch.rand(1, 3, 16, 16), "x")


def test_an_unknown_editor_is_refused():
    with pytest.raises(ModelLockError, match="compact"):
        load_editor("nonsense")


@pytest.mark.parametrize("text", ["", "florp the wibble", "hjkl asdf", "please keep everything", "12 34 56"])
def test_nonsense_hardly_changes_an_image(editor, small, text):
    images = small.test.images[:4]
    styled = (editor.edit(images, "with oil pastel", **SETTINGS) - images).abs().mean()
    assert (editor.edit(images, text, **SETTINGS) - images).abs().mean() < 0.3 * styled


def test_the_second_editor_answers_the_same_prompt_differently(editor, small):
    images, other = small.test.images[:4], load_editor("compact-b")
    ours, theirs = (one.edit(images, "in the style of Monet", **SETTINGS) for one in (editor, other))
    parameters = [sum(p.numel() for p in one.pipeline.unet.parameters()) for one in (other, editor)]
    assert parameters[0] < parameters[1] and theirs.shape == images.shape
    assert (ours - theirs).abs().mean() > 0.01 and (theirs - images).abs().mean() > 0.01
