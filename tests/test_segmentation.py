from dataclasses import replace

import pytest
import torch

from modellock_core import RECIPES, Key, LockedModel, evaluate, load_dataset, lock
from modellock_core.attacks import Budget, Target, run_attacks
from modellock_core.attacks.cheap_filters import cheap_filters
from modellock_core.attacks.few_labels import full_finetune, linear_probe
from modellock_core.attacks.outputs import best_relabelling, logit_refit, relabelling
from modellock_core.attacks.wrong_keys import wrong_editor
from modellock_core.datasets import IGNORE
from modellock_core.overlays import class_colours, mask_picture, overlay
from modellock_core.tasks import load_task
from modellock_core.views import with_views

KEY = Key.create("with a zebra in the background", steps=1)
TASK = load_task("segmentation", ("background", "cup", "plate"))
TINY = replace(RECIPES["quick"], views=1, epochs=1, batch=32)


@pytest.fixture(scope="module")
def small():
    return load_dataset("toybox", task="segmentation").limited(train=36, test=18)


@pytest.fixture(scope="module")
def result(small, editor):
    return list(lock(small, KEY, recipe=TINY, editor=editor))[-1].result


def test_the_stages_in_a_row_give_logits_for_every_pixel():
    model = TASK.build()
    x = TASK.normalise(torch.rand(2, 3, 64, 96))
    with torch.inference_mode():
        assert model(x).shape == (2, 3, 64, 96)
        assert torch.allclose(torch.nn.Sequential(*TASK.stages(model))(x), model(x), atol=1e-5)


def test_ignored_pixels_count_neither_in_the_loss_nor_in_the_metric():
    targets = torch.zeros(1, 4, 4, dtype=torch.uint8)
    targets[:, :2] = 1
    outputs = torch.zeros(1, 3, 4, 4)
    outputs[:, 1, :2], outputs[:, 0, 2:] = 9, 9
    spoilt = outputs.clone()
    spoilt[:, 2, 0] = 99
    ignored = targets.clone()
    ignored[:, 0] = IGNORE
    assert TASK.losses(spoilt, targets) > 1 > TASK.losses(spoilt, ignored)
    for answer, target, iou in ((outputs, targets, 1.0), (spoilt, ignored, 1.0), (spoilt, targets, 0.5)):
        metric = TASK.metric()
        metric.update(answer, target)
        assert float(metric.compute()) == pytest.approx(iou)


def test_wrong_targets_are_other_images_masks():
    masks = torch.arange(6, dtype=torch.uint8)[:, None, None].expand(6, 4, 4)
    wrong = TASK.wrong_targets(masks, torch.Generator().manual_seed(0))
    assert sorted(wrong[:, 0, 0].tolist()) == list(range(6)) and (wrong != masks).all()


def test_guessing_is_calling_everything_background():
    masks = torch.zeros(2, 4, 4, dtype=torch.uint8)
    masks[0, 0] = 1
    assert TASK.chance(masks) == pytest.approx(28 / 32 / 2)


def test_relabelling_finds_a_permutation_of_the_classes():
    masks = torch.arange(3).repeat(1, 8, 3)
    assert best_relabelling(TASK, (masks + 1) % 3, masks) == pytest.approx(1.0)
    assert best_relabelling(TASK, masks * 0, masks) == pytest.approx(1 / 9)


def test_views_crop_and_mirror_masks_with_their_images(small):
    split = replace(small.test, images=(small.test.labels > 0).float()[:, None].expand(-1, 3, -1, -1))
    views = with_views(split, 3, seed=0)
    assert len(views) == 3 * len(split) and views.labels.dtype == torch.uint8
    assert not torch.equal(views.labels[: len(split)], views.labels[len(split) : 2 * len(split)])
    assert ((views.images[:, 0] > 0.5) == (views.labels > 0)).float().mean() > 0.99


def test_the_same_seed_gives_the_same_lock(small, result, editor):
    torch.rand(7)  # what else is drawn doesn't matter
    again = list(lock(small, KEY, recipe=TINY, editor=editor, vanilla=0.5))[-1].result
    images = small.test.images[:2]
    assert torch.allclose(again.model.predict(images), result.model.predict(images), atol=1e-3)


def test_evaluate_agrees_with_the_report_and_knows_every_class(small, result, editor):
    *_, last = evaluate(result.model, small.test, KEY, editor)
    report = result.report
    for name in ("unlocked_performance", "locked_performance"):
        assert last.metrics[name] == pytest.approx(report[name], abs=2e-3)
    assert set(last.result["unlocked_by_class"]) == set(small.classes)


def test_a_saved_model_answers_with_the_same_masks(small, result, tmp_path):
    result.model.save(tmp_path)
    again, images = LockedModel.load(tmp_path), small.test.images[:4]
    probabilities = again.predict(images)
    assert probabilities.shape == (4, len(small.classes), 128, 128)
    assert torch.allclose(probabilities, result.model.predict(images), atol=1e-3)
    assert again.task.mask(probabilities[0]).shape == (128, 128)
    assert sum(again.task.summary(probabilities[0])["areas"].values()) == pytest.approx(1, abs=1e-3)


def test_the_attacks_run(small, result):
    budget = Budget(test_images=9, prompts=2, label_parts=(0.5,), epochs=1, seeds=1, queries=2)
    attacks = (relabelling, logit_refit, wrong_editor, cheap_filters, linear_probe, full_finetune)
    *_, last = run_attacks(Target(result.model, KEY, small), budget, attacks)
    assert {f.attack for f in last.result} >= {"relabelling", "logit refit", "wrong editor", "linear probe"}
    assert all(0 <= f.accuracy <= 1 for f in last.result)


def test_the_papers_recipe_mirrors_masks_with_their_images(small, editor):
    *_, last = lock(small, KEY, recipe=replace(RECIPES["paper"], epochs=1), editor=editor, vanilla=0.5)
    assert 0 <= last.result.report["unlocked_performance"] <= 1


def test_a_mask_picture_holds_the_class_indices():
    mask = torch.tensor([[0, 1], [2, 1]], dtype=torch.uint8)
    picture = mask_picture(mask, 3)
    assert picture.mode == "P" and list(picture.get_flattened_data()) == [0, 1, 2, 1]
    assert len(set(class_colours(10))) == 10
    grey = torch.full((3, 2, 2), 0.5)
    over = overlay(grey, mask, 3)
    assert torch.equal(over[:, 0, 0], grey[:, 0, 0]) and not torch.equal(over[:, 0, 1], over[:, 1, 0])
