import pytest
import torch

from modellock_core import Key
from modellock_core.data.image_sets import batches
from modellock_core.editing.editor_space import plan_of
from modellock_core.editing.negatives import (
    IMAGES,
    NEAREST,
    changed_with,
    hand_distance,
    negative_images,
    negative_keys,
)

HAND = "0123456789abcdef" * 2


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_key_with_a_hand_is_locked_against_other_hands_and_against_none(editor):
    key = Key.create("in the style of Monet", hand=HAND)
    wrong = negative_keys(key, editor, 60, seeded())
    same_prompt = [w.key.hand for w in wrong if w.plan is None]
    assert len(same_prompt) == 12 and None in same_prompt and HAND not in same_prompt
    assert len(set(same_prompt) - {None}) > 6


def test_a_key_without_a_hand_is_locked_against_other_edits_alone(editor):
    wrong = negative_keys(Key.create("in the style of Monet"), editor, 20, seeded())
    assert all(w.plan is not None for w in wrong)


def test_no_negative_is_nearly_the_key(editor):
    key = Key.create("in the style of Monet", hand=HAND)
    own, nearest = plan_of(key, editor), NEAREST * hand_distance(editor)
    for wrong in negative_keys(key, editor, 60, seeded(1)):
        plan = wrong.plan or plan_of(wrong.key, editor)
        assert plan.objects or (plan.style - own.style).norm() >= nearest


def test_other_editors_are_locked_against_prompts_of_the_catalogue(monkeypatch):
    key = Key.create("with a zebra in the background", "somebody/editor")
    wrong = negative_keys(key, object(), 30, seeded())
    assert all(w.plan is None and w.key.prompt != key.prompt for w in wrong)
    assert len({w.key.prompt for w in wrong}) > 15 and len({w.key.seed for w in wrong}) > 5


@pytest.mark.parametrize("alpha", [0.35, 1.0])
def test_negatives_are_as_strong_as_the_key_and_stay_in_range(editor, alpha):
    alphas = [w.key.alpha for w in negative_keys(Key.create("with oil pastel", alpha=alpha), editor, 40, seeded())]
    assert min(alphas) < 0.8 * alpha and max(alphas) <= 1.0 and (alpha == 1.0 or max(alphas) > 1.1 * alpha)


def test_as_many_negatives_as_asked_for_and_the_same_from_a_seed(small, editor):
    key, images = Key.create("with oil pastel"), small.train.images
    first, again = (negative_images(images, key, editor, 40, seeded(7)) for _ in range(2))
    made = torch.cat(list(batches(first, 16)))
    assert made.shape == (40, *images.shape)
    assert torch.equal(made, torch.cat(list(batches(again, 16))))
    assert len(negative_images(images, key, editor, 0, seeded(7))) == 0


def test_a_negative_does_not_depend_on_what_it_is_asked_for_with(small, editor):
    images = negative_images(small.train.images, Key.create("with oil pastel"), editor, 24, seeded())
    rows = torch.tensor([23, 1, 12])
    alone = torch.cat([images[rows[i : i + 1]] for i in range(3)])
    assert (images[rows] - alone).abs().max() < 1 / 255


def test_found_keys_are_laid_over_as_many_images_each(small, editor):
    keys = negative_keys(Key.create("with oil pastel"), editor, 2, seeded())
    images = changed_with(small.train.images, keys, IMAGES, editor, seeded())
    assert len(images) == 2 * IMAGES and images[0:1].shape == (1, *small.train.images.shape)
