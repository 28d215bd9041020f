import numpy as np
import pytest
import torch

from modellock_core.data.targets import IGNORE, Masks
from modellock_core.errors import ModelLockError
from modellock_core.models.backbones import load_backbone
from modellock_core.models.freezing import split_model
from modellock_core.models.inference import outputs
from modellock_core.models.tasks import load_task
from modellock_core.models.tasks.overlays import class_colours, mask_picture, overlay

CLASSES = ("background", "cup", "plate")


@pytest.fixture(scope="module")
def task():
    return load_task("segmentation", CLASSES, load_backbone("timm:test_resnet"))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["timm:test_resnet", "timm:test_convnext", "timm:test_efficientnet"])
def test_a_model_answers_with_logits_of_every_pixel(name):
    task = load_task("segmentation", CLASSES, load_backbone(name))
    images = torch.rand(2, 3, 64, 96, generator=seeded())
    with torch.inference_mode():
        assert outputs(task, task.build(pretrained=False), images).shape == (2, 3, 64, 96)


def test_with_the_bundled_backbone_stem_and_two_stages_are_frozen_and_the_pyramid_has_472_channels():
    task = load_task("segmentation", CLASSES, load_backbone())
    model, images = task.build(), torch.rand(2, 3, 64, 96, generator=seeded())
    frozen, trained = split_model(model, 1.0)
    assert len(frozen) == 4 and len(trained) == 2
    with torch.inference_mode():
        activations = outputs(task, frozen, images)
        assert activations.shape == (2, 24, 16, 24)
        assert trained[0](activations).shape == (2, 40 + 112 + 320, 8, 12)
        assert torch.equal(trained(activations), outputs(task, model, images))


def test_a_backbone_without_feature_maps_is_refused():
    task = load_task("segmentation", CLASSES, load_backbone("timm:test_vit"))
    with pytest.raises(ModelLockError, match="choose a convolutional backbone"):
        task.build(pretrained=False)


def test_a_seed_makes_the_decoder_and_leaves_other_random_numbers_alone(task):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, again = (task.build(pretrained=False, seed=3).state_dict() for _ in range(2))
    assert torch.rand(1) == expected
    assert all(a.equal(b) for a, b in zip(first.values(), again.values(), strict=True))


def test_the_decoder_is_fitted_by_the_generator_alone(task):
    features = torch.zeros(40, 48 + 192 + 96, 4, 4)
    features[::2] = 1
    targets = torch.zeros(40, 32, 32, dtype=torch.uint8)
    targets[::2] = 1
    decoders = [task.build(pretrained=False)[-1] for _ in range(2)]
    for decoder in decoders:
        torch.rand(3)
        progress = list(task.fit_last_layer(decoder, features.half(), targets, seeded()))
        assert [p.step for p in progress] == [*range(1, 9)] and progress[-1].of == 8
    with torch.inference_mode():
        first, again = (decoder(features) for decoder in decoders)
    assert torch.equal(first, again) and task.losses(first, targets).mean() < 1


def test_ignored_pixels_count_neither_in_the_loss_nor_in_the_metric(task):
    targets = torch.zeros(1, 4, 4, dtype=torch.uint8)
    targets[:, :2] = 1
    answers = torch.zeros(1, 3, 4, 4)
    answers[:, 1, :2], answers[:, 0, 2:] = 9, 9
    spoilt = answers.clone()
    spoilt[:, 2, 0] = 99
    ignored = targets.clone()
    ignored[:, 0] = IGNORE
    assert task.losses(spoilt, targets) > 1 > task.losses(spoilt, ignored)
    for answer, target, iou in ((answers, targets, 1.0), (spoilt, ignored, 1.0), (spoilt, targets, 0.5)):
        metric = task.metric()
        metric.update(answer, target)
        assert float(metric.compute()) == pytest.approx(iou)


def test_wrong_targets_are_other_images_masks(task):
    masks = Masks(torch.arange(6, dtype=torch.uint8)[:, None, None].expand(6, 4, 4))
    wrong = task.wrong_targets(masks, seeded()).values
    assert sorted(wrong[:, 0, 0].tolist()) == list(range(6)) and (wrong != masks.values).all()


def test_guessing_is_calling_everything_background(task):
    masks = torch.zeros(2, 4, 4, dtype=torch.uint8)
    masks[0, 0] = 1
    assert task.chance(Masks(masks)) == pytest.approx(28 / 32 / 2)


def test_a_permutation_gains_the_iou_of_what_it_makes_right(task):
    assert task.permutation_gains(torch.tensor([[0, 4, 0], [0, 0, 4], [4, 0, 0]])).sum() == pytest.approx(1)


def test_a_prediction_is_a_mask_with_its_areas_and_pictures(task):
    probabilities = torch.full((3, 8, 8), 0.05)
    probabilities[0, :6], probabilities[2, 6:] = 0.9, 0.9
    prediction, image = task.prediction(probabilities), torch.rand(3, 8, 8, generator=seeded())
    assert prediction.to_json() == {"areas": {"background": 0.75, "plate": 0.25}, "abstains": False}
    pictures = prediction.pictures(image)
    assert pictures["mask"].getpixel((0, 7)) == 2 and pictures["overlay"].size == (8, 8)
    assert task.prediction(torch.full((3, 8, 8), 1 / 3)).abstains


def test_a_mask_picture_holds_the_class_indices():
    mask = torch.tensor([[0, 1], [2, 1]], dtype=torch.uint8)
    picture = mask_picture(mask, 3)
    assert picture.mode == "P" and np.asarray(picture).ravel().tolist() == [0, 1, 2, 1]
    assert len(set(class_colours(10))) == 10
    grey = torch.full((3, 2, 2), 0.5)
    over = overlay(grey, mask, 3)
    assert torch.equal(over[:, 0, 0], grey[:, 0, 0]) and not torch.equal(over[:, 0, 1], over[:, 1, 0])
