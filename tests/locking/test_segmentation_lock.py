from dataclasses import replace

import pytest
import torch

from modellock_core import RECIPES, Key, LockedModel, evaluate, load_dataset, lock, run_attacks
from modellock_core.editing.mix import Mix
from modellock_core.evaluation.attacks import BUDGETS, Target

KEY = Key.create("with a zebra in the background", steps=1)
STANDARD, PAPER = (RECIPES["segmentation"][name] for name in ("standard", "paper"))
TINY = replace(STANDARD, mix=Mix(), finetune=replace(STANDARD.finetune, epochs=1, batch=32), adversary=None)


@pytest.fixture(scope="module")
def small():
    return load_dataset("toybox", task="segmentation").limited(train=36, test=18)


@pytest.fixture(scope="module")
def made(small, editor):
    return lock(small, KEY, recipe=TINY, editor=editor).result()


def test_the_same_seed_gives_the_same_weights_whatever_else_is_drawn(small, made, editor):
    again = lock(small, KEY, recipe=TINY, editor=editor)
    for _ in again:
        torch.rand(3)
    pairs = zip(again.result().model.model.parameters(), made.model.model.parameters(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-3) for a, b in pairs)


def test_evaluate_agrees_with_the_report_and_knows_every_class(small, made, editor):
    measured = evaluate(made.model, small.test, KEY, editor).result()
    assert measured.unlocked_performance == pytest.approx(made.report.unlocked_performance, abs=5e-3)
    assert measured.locked_performance == pytest.approx(made.report.locked_performance, abs=5e-3)
    assert set(measured.unlocked_by_class) == set(small.classes)


def test_a_saved_model_answers_with_the_same_masks(small, made, tmp_path):
    made.model.save(tmp_path)
    again, images = LockedModel.load(tmp_path), small.test.images[:4]
    probabilities = again.predict(images)
    assert probabilities.shape == (4, len(small.classes), 128, 128)
    assert torch.allclose(probabilities, made.model.predict(images), atol=1e-3)
    prediction = again.task.prediction(probabilities[0])
    assert prediction.pictures(images[0])["mask"].size == (128, 128)
    assert sum(prediction.to_json()["areas"].values()) == pytest.approx(1, abs=1e-3)


def test_smoke_the_attacks_run(small, made):
    budget = replace(
        BUDGETS["quick"], test_images=9, prompts=2, label_fractions=(0.5,), epochs=1, queries=2, gradient_steps=1
    )
    attacks = ("label_permutation", "logit_probe", "wrong_editor", "cheap_filters", "linear_probe", "finetuning")
    findings = run_attacks(Target(made.model, KEY, small), budget, attacks).result()
    assert {f.attack for f in findings} >= {"label permutation", "logit probe", "wrong editor", "linear probe"}
    assert all(0 <= f.score <= 1 for f in findings)


def test_smoke_the_papers_recipe_flips_masks_with_their_images(small, editor):
    recipe = replace(PAPER, finetune=replace(PAPER.finetune, epochs=1))
    assert lock(small, KEY, recipe=recipe, editor=editor).result().report.metric == "mean IoU"
