from dataclasses import replace

import pytest
import torch

from modellock_core import Key, new_hand, style_of
from modellock_core.data.image_sets import StoredImages
from modellock_core.editing.editor_space import (
    PlannedImages,
    apply_plan,
    between,
    changed_plan,
    compact_editor,
    drawn_hand,
    named_plans,
    plan_of,
    planned_edits,
    random_plan,
    with_hand,
)
from modellock_core.editing.editors.key_secrets import is_hand
from modellock_core.editing.editors.start_noise import start_noise
from modellock_core.editing.key import apply_key

HAND = new_hand()


@pytest.fixture(scope="module")
def images(toybox):
    return toybox.test.images[:2]


@pytest.fixture(scope="module")
def picture_style():
    return style_of(torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    "prompt, settings",
    [
        ("in watercolor with a rooster", {}),
        ("with oil pastel", {"hand": HAND, "seed": 7, "alpha": 0.6}),
        ("with a zebra in the background", {"hand": HAND}),
        ("like this", {"style": "of a picture"}),
    ],
)
def test_what_a_key_plans_is_what_it_does(editor, images, picture_style, prompt, settings):
    key = Key(prompt, **settings | ({"style": picture_style} if "style" in settings else {}))
    assert torch.equal(apply_plan(images, key, plan_of(key, editor), editor).detach(), apply_key(images, key, editor))
    if key.hand is not None:
        by_hand = with_hand(plan_of(replace(key, hand=None), editor), key.hand, editor)
        assert torch.allclose(by_hand.style, plan_of(key, editor).style, atol=1e-6)
        assert by_hand.strength == plan_of(key, editor).strength


def test_named_plans_are_what_prompts_say(editor, images):
    plans = named_plans(editor)
    pipeline = editor.pipeline
    assert list(plans) == [*pipeline.styles.config.names, *pipeline.reader.config.objects]
    assert not any(plan.style.requires_grad for plan in plans.values())
    for name, prompt in (("Monet", "in the style of Monet"), ("zebra", "with a zebra in the background")):
        key = Key(prompt)
        assert torch.equal(apply_plan(images, key, plans[name], editor).detach(), apply_key(images, key, editor))


def test_a_start_noise_takes_the_place_of_the_seeds(editor, images):
    key = Key("in watercolor with a rooster", alpha=1.0)
    own = start_noise(torch.Generator().manual_seed(key.seed), 128, 128)
    plan, keyed = plan_of(key, editor), apply_key(images, key, editor)
    assert torch.equal(apply_plan(images, key, plan, editor, own).detach(), keyed)
    other = start_noise(torch.Generator().manual_seed(3), 128, 128)
    assert (apply_plan(images, key, plan, editor, other) - keyed).abs().mean() > 1 / 255


def test_gradients_reach_style_noise_and_images(editor, images):
    key = Key("in watercolor")
    leaves = [images.clone(), plan_of(key, editor).style.clone(), torch.randn(1, 3, 128, 128)]
    source, style, noise = (leaf.requires_grad_() for leaf in leaves)
    plan = replace(plan_of(key, editor), style=style)
    planned_edits(source, key, plan, editor, noise).square().mean().backward(inputs=[source, style, noise])
    assert all(leaf.grad is not None and leaf.grad.abs().sum() > 0 for leaf in (source, style, noise))


def test_planned_images_are_made_when_asked_for(editor, toybox):
    key, source = Key("in watercolor"), StoredImages(toybox.test.images.pixels[:3])
    images = PlannedImages(source, key, plan_of(key, editor), editor)
    assert len(images) == 3 and images.shape == (3, 128, 128) and not images[:1].requires_grad
    assert torch.allclose(images[1:2], apply_key(source[1:2], key, editor), atol=1e-5)


def test_plans_are_drawn_and_changed_by_the_generator(editor):
    drawn = []
    for _ in range(2):
        generator = torch.Generator().manual_seed(5)
        plan = random_plan(editor, generator)
        drawn.append([plan, *(changed_plan(plan, editor, generator) for _ in range(8))])
    for one, again in zip(*drawn, strict=True):
        assert torch.equal(one.style, again.style) and one.objects == again.objects
    start, *changed = drawn[0]
    assert all(not torch.equal(p.style, start.style) or p.objects != start.objects for p in changed)


def test_between_two_plans_lie_mixes(editor):
    plans = named_plans(editor)
    monet, zebra = plans["Monet"], plans["zebra"]
    assert torch.equal(between(monet, zebra, 0).style, monet.style) and between(monet, zebra, 0).strength == 1
    half = between(monet, zebra, 0.5)
    assert half.strength == 0.5 and half.objects == ("zebra",) and torch.allclose(half.style, monet.style / 2)


def test_a_drawn_hand_is_one():
    generator = torch.Generator().manual_seed(0)
    hands = {drawn_hand(generator) for _ in range(4)}
    assert len(hands) == 4 and all(is_hand(hand) for hand in hands)


def test_other_editors_have_no_such_space(editor):
    assert compact_editor(editor) is editor and compact_editor(object()) is None
