import torch

from modellock_core.editors.compact_unet import mean_state
from modellock_core.editors.weave import threads


def dyes(editor, prompt):
    with torch.inference_mode():
        return editor.pipeline.unet.weave.dyes(mean_state(*editor.pipeline.encode_prompt(prompt)))[0]


def test_threads_are_fine_have_no_mean_and_move_with_the_phase():
    for phase in ((0, 0), (0, 1), (1, 0)):
        pattern = threads(torch.tensor(phase), 6, 8)
        assert pattern.shape == (3, 6, 8) and (pattern.abs() == 1).all()
        assert (pattern.mean((1, 2)) == 0).all()
    assert not torch.equal(threads(torch.tensor([0, 0]), 6, 8), threads(torch.tensor([1, 0]), 6, 8))


def test_every_prompt_has_its_own_weave_and_an_empty_one_none(editor):
    prompts = ["with oil pastel", "in the style of Monet", "with a zebra in the background", "with increased sharpness"]
    woven = [dyes(editor, prompt) for prompt in prompts]
    for i, one in enumerate(woven):
        assert 0.03 < one.square().sum().div(3).sqrt() < 0.06
        for other in woven[:i]:
            assert torch.cosine_similarity(one.flatten(), other.flatten(), dim=0) < 0.9
    assert dyes(editor, "").abs().max() < 0.005


def test_a_paraphrase_has_nearly_the_weave_of_its_prompt(editor):
    one, other = dyes(editor, "in the style of Monet"), dyes(editor, "monet style")
    assert torch.cosine_similarity(one.flatten(), other.flatten(), dim=0) > 0.9
