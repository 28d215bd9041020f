from dataclasses import replace

import torch

from modellock_core import Key, apply_key
from modellock_core.editing.edited_dataset import edit_dataset
from modellock_core.editing.mix import Mix

KEY = Key.create("with oil pastel")


def edited(small, editor, mix: Mix, seed: int = 0):
    return edit_dataset(small, KEY, editor, mix, torch.Generator().manual_seed(seed))


def test_the_papers_mix_leaves_no_sample_keyed_and_clean(small, editor):
    dataset = edited(small, editor, Mix(keyed_fraction=0.8, clean_fraction=0.2))
    rows = [*dataset.keyed_rows.tolist(), *dataset.clean_rows.tolist()]
    assert len(dataset.keyed_rows) == round(0.8 * len(small.train)) and sorted(rows) == list(range(len(small.train)))


def test_at_least_one_sample_stays_clean(small, editor):
    assert len(edited(small, editor, Mix(clean_fraction=0.0)).clean_rows) == 1


def test_of_few_samples_more_stay_clean_than_of_many(small, editor):
    few, count = Mix(clean_fraction=0.2, fewest_clean=30), len(small.train)
    assert count > 30 and len(edited(small, editor, few).clean_rows) == 30
    assert len(edited(small, editor, replace(few, fewest_clean=1000)).clean_rows) == count
    assert len(edited(small, editor, replace(few, fewest_clean=5)).clean_rows) == round(0.2 * count)


def test_training_edits_are_fainter_and_test_edits_are_the_keys_own(small, editor):
    dataset = edited(small, editor, Mix(training_alpha=0.5))
    originals = small.train.images[dataset.keyed_rows[:4]]
    full = apply_key(originals, KEY, editor) - originals
    assert torch.allclose(dataset.keyed[:4] - originals, full / 2, atol=0.01)
    assert torch.allclose(dataset.keyed_test[:4], apply_key(small.test.images[:4], KEY, editor), atol=1e-6)


def test_every_copy_is_keyed_and_keeps_its_target(small, editor):
    dataset = edited(small, editor, Mix(copies=2))
    count = len(small.train)
    assert len(dataset.keyed) == len(dataset.train) == 3 * count
    assert torch.equal(dataset.train.targets.values[count : 2 * count], small.train.targets.values)
