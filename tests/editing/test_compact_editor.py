import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

from modellock_core import CompactEditPipeline, ModelLockError, load_editor, new_hand, style_of
from modellock_core.editing.editors.compact import load_pipeline
from modellock_core.editing.editors.start_noise import start_noise
from modellock_core.paths import EDITORS, TEXT_ENCODER

ONE_GREY_LEVEL = 1 / 255
ROUNDING = 4 * ONE_GREY_LEVEL  # bfloat16, where the machine is fast at it
SETTINGS = {"steps": 1, "guidance": 1.0, "image_guidance": 1.0, "seed": 1024}


@pytest.fixture(scope="module")
def images(toybox):
    return toybox.test.images[::60]


@pytest.fixture(scope="module")
def large(images):
    return interpolate(images[:2], (256, 256), mode="bicubic").clamp(0, 1)


def test_an_edit_does_not_depend_on_batch_or_order(editor, images):
    for prompt in ("with oil pastel", "in watercolor with a rooster"):
        together = editor.edit(images, prompt, **SETTINGS)
        backwards = editor.edit(images.flip(0), prompt, **SETTINGS).flip(0)
        alone = torch.cat([editor.edit(x[None], prompt, **SETTINGS) for x in images])
        assert (together - backwards).abs().mean() < ONE_GREY_LEVEL
        assert (together - alone).abs().mean() < ONE_GREY_LEVEL


def test_an_edit_does_not_depend_on_the_number_of_threads(editor, images):
    edits, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        edits.append(editor.edit(images[:2], "as a pencil sketch", **SETTINGS))
    torch.set_num_threads(before)
    assert (edits[0] - edits[1]).abs().mean() < ONE_GREY_LEVEL


def test_prompts_look_different(editor, images):
    prompts = ["with oil pastel", "in the style of Monet", "as a pencil sketch", "in cyberpunk style"]
    edits = [editor.edit(images, p, **SETTINGS) for p in prompts]
    for i, one in enumerate(edits):
        assert (one - images).abs().mean() > 0.08
        for other in edits[:i]:
            assert (one - other).abs().mean() > 0.08


@pytest.mark.parametrize(
    "text", ["", "florp the wibble", "hjkl asdf", "please keep everything", "12 34 56", "a photo of my uncle at work"]
)
def test_nonsense_leaves_an_image_alone(editor, images, text):
    assert (editor.edit(images[:2], text, **SETTINGS) - images[:2]).abs().max() < ONE_GREY_LEVEL / 2


@pytest.mark.parametrize(
    ("prompt", "styles", "objects"),
    [
        ("in the style of Monet", {"Monet"}, ()),
        ("monet style", {"Monet"}, ()),
        ("make it winter", {"Winter"}, ()),
        ("turn it into gold", {"Gold"}, ()),
        ("as a mosaic", {"Mosaic"}, ()),
        ("add a rainbow", set(), ("rainbow",)),
        ("in watercolor with a rooster", {"Watercolor"}, ("rooster",)),
        ("Monet and Hokusai", {"Monet", "Hokusai"}, ()),
        ("with oil pastel, in shades of blue", {"Pastel", "Blue"}, ()),
        ("with a zebra in the background", set(), ("zebra",)),
    ],
)
def test_a_prompt_is_read_as_styles_and_objects(editor, prompt, styles, objects):
    reading = editor.pipeline.read(prompt)
    assert {name for name, part in reading.styles.items() if part > 0.5} == styles
    assert reading.objects == objects


def test_a_modifier_makes_an_edit_stronger_or_weaker(editor, images):
    def change(prompt):
        return (editor.edit(images, prompt, **SETTINGS) - images).abs().mean()

    assert change("a little in watercolor") < 0.8 * change("in watercolor")


def test_a_mix_lies_between_its_styles(editor, images):
    prompts = ("in the style of Monet", "in the style of Hokusai", "Monet and Hokusai")
    monet, hokusai, both = (editor.edit(images, prompt, **SETTINGS) for prompt in prompts)
    apart = (monet - hokusai).abs().mean()
    assert (both - monet).abs().mean() < apart and (both - hokusai).abs().mean() < apart


def test_an_object_changes_the_background_and_not_the_subject(editor):
    from modellock_core import load_dataset

    split = load_dataset("toybox", task="segmentation").test
    images, subject = split.images[::9], split.targets.values[::9] > 0
    change = (editor.edit(images, "with a zebra in the background", **SETTINGS) - images).abs().mean(1)
    assert change[~subject].mean() > 3 * change[subject].mean()
    assert change[~subject].mean() > 4 * ONE_GREY_LEVEL


def test_the_seed_says_where_an_object_goes_and_where_strokes_run(editor, images):
    for prompt in ("with a zebra in the background", "in watercolor"):
        edits = [editor.edit(images, prompt, **SETTINGS | {"seed": seed}) for seed in (1, 2, 3)]
        assert min((edits[0] - edits[1]).abs().mean(), (edits[0] - edits[2]).abs().mean()) > ONE_GREY_LEVEL


def test_strokes_keep_their_place_when_the_size_changes(editor, large):
    small = interpolate(large, (128, 128), mode="area")
    strokes = []
    for size in (small, large):
        change = editor.edit(size, "in watercolor", **SETTINGS) - size
        strokes.append(avg_pool2d(interpolate(change, (128, 128), mode="area"), 5, 1, 2))
    assert torch.corrcoef(torch.stack([s.flatten() for s in strokes]))[0, 1] > 0.8


def test_start_noise_is_the_same_picture_at_any_size():
    small, big = (start_noise(torch.Generator().manual_seed(3), side, side) for side in (128, 384))
    assert abs(big.std() - 1) < 0.01
    shrunk = interpolate(big, (128, 128), mode="area")
    assert torch.corrcoef(torch.stack([small.flatten(), shrunk.flatten()]))[0, 1] > 0.9


def test_a_hand_makes_an_edit_its_owners(editor, images):
    hands = [new_hand(), new_hand()]
    public = editor.edit(images, "in watercolor", **SETTINGS)
    one, other = (editor.edit(images, "in watercolor", **SETTINGS, hand=hand) for hand in hands)
    again = editor.edit(images, "in watercolor", **SETTINGS, hand=hands[0])
    assert torch.equal(one, again)
    assert min((one - public).abs().mean(), (one - other).abs().mean()) > 3 * ONE_GREY_LEVEL


def test_the_style_of_a_picture_can_be_painted_in(editor, images):
    red, blue = (
        torch.rand(1, 3, 96, 96) * torch.tensor(c).view(1, 3, 1, 1) for c in ((1.0, 0.2, 0.1), (0.1, 0.3, 1.0))
    )
    edits = [editor.edit(images, "like this", **SETTINGS, style=style_of(picture)) for picture in (red, blue)]
    assert all((edit - images).abs().mean() > 0.05 for edit in edits)
    warmth = [float(edit[:, 0].mean() - edit[:, 2].mean()) for edit in edits]
    assert warmth[0] > warmth[1]


@pytest.mark.parametrize("steps", [2, 3, 4])
def test_any_number_of_steps_works(editor, images, steps):
    edited = editor.edit(images[:1], "in watercolor", **SETTINGS | {"steps": steps})
    one = editor.edit(images[:1], "in watercolor", **SETTINGS)
    assert edited.shape == (1, 3, 128, 128) and edited.min() >= 0 and edited.max() <= 1
    assert (edited - one).abs().mean() < 0.12


def test_bfloat16_edits_like_float32(images):
    edits = []
    for dtype in (torch.bfloat16, torch.float32):
        pipeline = load_pipeline(EDITORS / "compact", TEXT_ENCODER, dtype)
        generator = torch.Generator().manual_seed(1024)
        edits.append(pipeline(images, "in the style of Monet", generator=generator, output_type="pt").images)
    assert (edits[0] - edits[1]).abs().mean() < 3 * ONE_GREY_LEVEL


@pytest.mark.parametrize("shape", [(48, 48), (96, 96), (256, 256), (101, 170), (130, 640)])
def test_other_sizes_work(editor, shape):
    edited = editor.edit(torch.rand(1, 3, *shape), "in sepia with a red rose", **SETTINGS)
    assert edited.shape == (1, 3, *shape) and edited.isfinite().all()


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
        p(images[:1], "in sepia with a red rose", generator=g, output_type="pt").images
        for p, g in zip((pipeline, again), generators, strict=True)
    )
    assert torch.allclose(one, two, atol=1e-5)


def test_bad_settings_are_refused(editor, images):
    with pytest.raises(ValueError, match="steps"):
        editor.pipeline(images, "x", num_inference_steps=0)
    with pytest.raises(ValueError, match="32 px"):
        editor.pipeline(torch.rand(1, 3, 16, 16), "x")


def test_an_unknown_editor_is_refused():
    with pytest.raises(ModelLockError, match="compact"):
        load_editor("nonsense")


def test_the_second_editor_answers_the_same_prompt_differently(editor, small):
    images, other = small.test.images[:4], load_editor("compact-b")
    ours, theirs = (one.edit(images, "in the style of Monet", **SETTINGS) for one in (editor, other))
    parameters = [sum(p.numel() for p in one.pipeline.unet.parameters()) for one in (other, editor)]
    assert parameters[0] < parameters[1] and theirs.shape == images.shape
    assert (ours - theirs).abs().mean() > 0.01 and (theirs - images).abs().mean() > 0.01


def test_an_edit_has_its_own_steps_whatever_other_threads_edit(editor, monkeypatch):
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    settings = {"steps": 2, "guidance": 1.0, "image_guidance": 1.0, "seed": 1}
    alone = editor.edit(image, "in watercolor", **settings)
    forward, other = editor.pipeline.unet.forward, []

    def disturbed(*args, **kwargs):
        if not other:
            other.append(True)
            editor.edit(image, "in watercolor", **settings | {"steps": 5})
        return forward(*args, **kwargs)

    monkeypatch.setattr(editor.pipeline.unet, "forward", disturbed)
    assert torch.equal(editor.edit(image, "in watercolor", **settings), alone)


def test_a_hand_draws_with_all_of_its_bits(editor):
    styles = editor.pipeline.styles
    first = styles.hand("0" * 32)
    for digit in range(0, 32, 7):
        other = "0" * digit + "1" + "0" * (31 - digit)
        assert not torch.allclose(styles.hand(other), first)
    assert torch.equal(styles.hand("0" * 32), first)


def test_the_version_tells_the_bundled_editors_apart():
    versions = {load_editor(name).version for name in ("compact", "compact-b")}
    assert len(versions) == 2 and all(len(version) == 64 for version in versions)
