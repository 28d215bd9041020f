from dataclasses import replace

import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.editor_space import public_settings, scored
from modellock_core.evaluation.attacks.soft_prompt import PromptSearch, _softened, _style_of, soft_prompt

TINY = replace(BUDGETS["quick"], test_images=18, queries=3, gradient_steps=2)


def test_both_prompts_are_rows_and_gain_nothing_on_the_example(target, result_of):
    before = [p.clone() for p in target.locked.model.parameters()]
    soft, words = result_of(soft_prompt(target, TINY))
    assert soft.variant == "9 labels, token states" and words.variant.startswith("9 labels, words: ")
    assert max(soft.score, words.score) < 0.5 and soft.labels == words.labels == 9
    assert target.key.prompt not in words.variant
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))
    encoder = target.editor.pipeline.text_encoder
    assert all(p.grad is None for p in (*target.locked.model.parameters(), *encoder.parameters()))


def test_the_gradient_finds_a_prompt_that_opens_a_model(blue, result_of):
    editor, few = blue.editor, blue.dataset.train.subset(6)
    search = PromptSearch(blue, editor, public_settings(blue), few, few, torch.Generator().manual_seed(0))
    budget = replace(TINY, gradient_steps=8)
    untrained = result_of(_softened(search, replace(budget, gradient_steps=0), ["with oil pastel"]))
    trained = result_of(_softened(search, budget, ["with oil pastel"]))
    before, after = (scored(blue, editor, few, plan, search.settings).loss for plan in (untrained, trained))
    assert after < 0.95 * before


def test_a_smooth_reading_resembles_the_real_one(editor):
    pipeline = editor.pipeline
    for prompt in ("in the style of Monet", "as a mosaic"):
        with torch.no_grad():
            states = pipeline.text_encoder(**pipeline.tokenizer(prompt, return_tensors="pt")).last_hidden_state
            smooth = _style_of(editor, states)
        styles = pipeline.styles.table.detach()
        assert (styles - smooth).norm(dim=1).argmin() == (styles - pipeline.plan(prompt).style).norm(dim=1).argmin()


def test_an_editor_of_another_kind_has_no_such_prompt(target, result_of):
    other = replace(target)
    other.__dict__["editor"] = object()
    assert result_of(soft_prompt(other, TINY)) == []
