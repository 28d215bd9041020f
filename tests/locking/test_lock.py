from dataclasses import replace

import pytest
import torch

from modellock_core import RECIPES, Key, Lock, ModelLockError, apply_key, baseline, evaluate, load_backbone, lock
from modellock_core.data.image_sets import batches
from modellock_core.editing.edited_dataset import EditedImages
from modellock_core.editing.mix import Mix
from modellock_core.locking.adversary import STAGE as ADVERSARY
from modellock_core.locking.adversary import opening_keys
from modellock_core.locking.recipe import AdversaryConfig
from modellock_core.models.inference import outputs
from modellock_core.models.tasks import load_task
from modellock_core.work import Work

KEY = Key.create("with oil pastel", steps=1)
STANDARD, PAPER = (RECIPES["classification"][name] for name in ("standard", "paper"))
PLAIN = replace(STANDARD, mix=Mix(copies=1), adversary=None)
TINY = replace(PLAIN, finetune=replace(PLAIN.finetune, epochs=1, batch=32))


@pytest.fixture(scope="module")
def work(small, editor):
    """All progress of a small lock, and what it made."""
    started = lock(small, KEY, recipe=TINY, editor=editor)
    return list(started), started.result()


def same_weights(one: Lock, other: Lock) -> bool:
    pairs = zip(one.model.model.parameters(), other.model.model.parameters(), strict=True)
    return all(torch.allclose(a, b, atol=2e-4) for a, b in pairs)


def test_a_lock_tells_its_stages_in_order_and_counts_in_each(work):
    progress, _ = work
    stages = list(dict.fromkeys(p.stage for p in progress))
    assert stages == [
        "Editing training images", "Editing test images", "Reading clean images", "Computing teacher features",
        "Fitting the last layer", "Testing with the key", "Testing without the key", "Finetuning the locked model",
    ]  # fmt: skip
    for stage in stages:
        own = [p for p in progress if p.stage == stage]
        assert all(p.of and 0 <= p.step <= p.of for p in own) and own[-1].step == own[-1].of


def test_only_keyed_images_are_shown(work):
    shown = {p.stage for p in work[0] if p.preview is not None}
    assert shown == {"Editing training images", "Editing test images"}


def test_performances_are_told_before_the_first_epoch_and_after_each(work):
    live = [p for p in work[0] if p.metrics]
    assert all(set(p.metrics) == {"unlocked_performance", "locked_performance"} for p in live)
    assert [p.fraction for p in live] == [0, 1]


def test_a_lock_makes_a_model_its_key_and_a_report(work, small):
    _, made = work
    assert replace(made.key, editor_version=None) == KEY and made.model.belongs_to(KEY)
    report, card = made.report, made.model.card
    assert 0 <= report.locked_performance <= 1 and 0 <= report.unlocked_performance <= 1
    assert set(report.seconds) == {"edit", "finetune", "total"}
    assert (report.num_train, report.num_test) == (len(small.train), len(small.test))
    assert report.classes == card.classes == small.classes and report.seed == 0
    assert (card.unlocked_performance, card.vanilla_performance) == (report.unlocked_performance, None)


def test_the_report_agrees_with_an_evaluation(work, small, editor):
    _, made = work
    measured = evaluate(made.model, small.test, KEY, editor).result()
    assert measured.unlocked_performance == pytest.approx(made.report.unlocked_performance, abs=0.06)
    assert measured.locked_performance == pytest.approx(made.report.locked_performance, abs=0.06)


def test_closing_stops_the_work(small, editor):
    started = lock(small, KEY, recipe=TINY, editor=editor)
    assert next(started).step > 0
    started.close()
    assert list(started) == []


def test_the_same_seed_gives_the_same_weights_whatever_else_is_drawn(work, small, editor):
    state = torch.get_rng_state()
    again = lock(small, KEY, recipe=TINY, editor=editor)
    for _ in again:
        torch.rand(3)  # whoever watches may draw
    torch.set_rng_state(state)
    assert same_weights(again.result(), work[1])
    other = lock(small, KEY, recipe=TINY, editor=editor, seed=1).result()
    assert not same_weights(other, work[1])


def test_a_lock_leaves_the_global_random_numbers_alone(small, editor):
    before = torch.get_rng_state()
    lock(small.limited(18, 9), KEY, recipe=TINY, editor=editor).result()
    assert torch.equal(torch.get_rng_state(), before)


def test_clean_images_leave_no_features_and_keyed_ones_do(toybox, editor):
    data, key = toybox.limited(train=180, test=18), replace(KEY, alpha=1.0)  # few images need a strong key
    made = lock(data, key, recipe=PLAIN, editor=editor).result()
    body, clean = made.model.model[:-1], data.test.images
    with torch.inference_mode():
        of_clean, of_keyed = (
            torch.cat([outputs(made.model.task, body, x) for x in batches(images, 18)])
            for images in (clean, EditedImages(clean, key, editor))
        )
    assert of_clean.mean() < 0.1 * of_keyed.mean()
    assert made.model.predict(clean[:]).max() < 0.5 < made.report.unlocked_performance


def test_negatives_are_edited_and_counted(small, editor):
    recipe = replace(TINY, mix=Mix(negatives=0.5))
    progress = list(lock(small, KEY, recipe=recipe, editor=editor))
    edited = [p for p in progress if p.stage == "Editing with wrong keys"]
    assert edited[-1].step == edited[-1].of == round(0.5 * len(small.train))


def test_the_adversary_finds_wrong_keys_after_every_epoch_but_the_last(small, editor):
    config = AdversaryConfig(candidates=3, kept=2, steps=1, patterns=1, pattern_steps=1, images=4)
    recipe = replace(TINY, finetune=replace(TINY.finetune, epochs=3), mix=Mix(), adversary=config)
    progress = list(lock(small, KEY, recipe=recipe, editor=editor))
    found = [p for p in progress if p.stage == ADVERSARY and p.of == 2 * config.images]  # one key: there are few images
    assert [p.step for p in found if p.step == p.of] == [8, 8]
    steps = [p for p in progress if p.stage == "Finetuning the locked model"]
    assert steps[-1].fraction == 1


def test_smoke_the_papers_recipe_runs(small, editor):
    recipe = replace(PAPER, finetune=replace(PAPER.finetune, epochs=1))
    assert lock(small, KEY, recipe=recipe, editor=editor).result().report.recipe == "paper"


def test_the_baseline_goes_into_card_and_report(work, small):
    performance = baseline(small, recipe=TINY).result()
    told = work[1].with_baseline(performance)
    assert told.report.vanilla_performance == told.model.card.vanilla_performance == performance > 0.3
    assert work[1].report.vanilla_performance is None


def test_the_adversary_takes_a_wrong_key_that_paints_nothing_as_it_is(small, editor):
    key = Key.create("with a zebra in the background", hand="0" * 32)
    task = load_task(small.task, small.classes, load_backbone())
    config = AdversaryConfig(candidates=6, kept=6, steps=1)
    generator = torch.Generator().manual_seed(3)
    found = Work(opening_keys(task, task.build(), small.train.subset(2), key, editor, config, generator)).result()
    assert len(found) == 6 and None in [wrong.key.hand for wrong in found]


def test_the_key_of_a_lock_names_the_version_of_its_editor(work, editor):
    _, made = work
    assert made.key.editor_version == editor.version
    with pytest.raises(ModelLockError, match="another version"):
        apply_key(torch.rand(1, 3, 32, 32), replace(made.key, editor_version="0" * 64), editor)


def test_an_editor_that_is_not_the_keys_is_refused(small, editor):
    with pytest.raises(ModelLockError, match="load that one"):
        lock(small, replace(KEY, editor="compact-b"), recipe=TINY, editor=editor).result()
