import torch

from modellock_core.editors.compact_unet import mean_state


def dyes(editor, prompt):
    with torch.inference_mode():
        return editor.pipeline.unet.weave.dyes(mean_state(*editor.pipeline.encode_prompt(prompt)))[0]


def test_it_repeats_has_no_mean_and_is_another_with_another_seed(editor):
    weave = editor.pipeline.unet.weave
    with torch.inference_mode():
        pooled = mean_state(*editor.pipeline.encode_prompt("with oil pastel"))
        plain = torch.full((1, 3, 16, 24), 0.5)
        one, other = (weave(pooled, signs, plain)[0] for signs in (torch.ones(12), torch.tensor([1, -1] * 6)))
    assert one.shape == (3, 16, 24) and one.mean((1, 2)).abs().max() < 1e-3
    assert torch.equal(one[:, :8, :8], one[:, 8:, 16:])
    assert torch.cosine_similarity(one.flatten(), other.flatten(), dim=0) < 0.9


def test_it_is_faint_on_plain_areas_and_strong_in_texture(editor):
    image = torch.full((1, 3, 64, 64), 0.5)
    image[..., 32:] = torch.rand(1, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        pooled = mean_state(*editor.pipeline.encode_prompt("with oil pastel"))
        weave = editor.pipeline.unet.weave(pooled, torch.ones(12), image).abs().mean((0, 1, 2))
    assert weave[:24].mean() < 0.5 * weave[40:].mean()


def test_every_prompt_has_its_own_weave_and_an_empty_one_none(editor):
    prompts = ["with oil pastel", "in the style of Monet", "with a zebra in the background", "with increased sharpness"]
    woven = [dyes(editor, prompt) for prompt in prompts]
    for i, one in enumerate(woven):
        assert 0.7 < one.norm() < 1.3
        for other in woven[:i]:
            assert torch.cosine_similarity(one, other, dim=0) < 0.7
    assert dyes(editor, "").abs().max() < 0.1


def test_a_paraphrase_has_nearly_the_weave_of_its_prompt(editor):
    one, other = dyes(editor, "in the style of Monet"), dyes(editor, "monet style")
    assert torch.cosine_similarity(one, other, dim=0) > 0.9
