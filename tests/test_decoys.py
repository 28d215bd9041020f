from dataclasses import replace

import torch

from modellock_core import RECIPES, Key, lock
from modellock_core.decoys import DECOY_PROMPTS, decoy_chunks, wrong_keys
from modellock_core.prompts import CATALOGUE


def test_half_of_the_catalogue_is_never_a_decoy():
    known = [entry.prompt for entry in CATALOGUE if entry.trained]
    assert len(known) - len(DECOY_PROMPTS) >= 40


def test_the_key_is_never_its_own_decoy():
    key = Key.create(DECOY_PROMPTS[3].upper())
    wrong = wrong_keys(key, torch.Generator().manual_seed(0))
    same_seed = [w.prompt for w in wrong if w.seed == key.seed]
    assert len(same_seed) == len(set(same_seed)) == len(DECOY_PROMPTS) - 1 and DECOY_PROMPTS[3] not in same_seed
    other_seeds = [w.seed for w in wrong if w.seed != key.seed]
    assert len(other_seeds) == len(set(other_seeds)) > len(DECOY_PROMPTS)
    assert sum(w.prompt == key.prompt for w in wrong) >= 8


def test_as_many_decoys_as_asked_for_and_the_same_from_a_seed(small, editor):
    key = Key.create("with oil pastel")
    first, again = (torch.cat(list(decoy_chunks(small.train.images, key, editor, 60, 7))) for _ in range(2))
    assert first.shape == (60, *small.train.images.shape[1:]) and torch.equal(first, again)
    assert list(decoy_chunks(small.train.images, key, editor, 0, 7)) == []


def test_a_hardened_lock_reports_its_decoys(small, editor):
    recipe = replace(RECIPES["hardened"], decoys=0.5, epochs=1)
    steps = list(lock(small, Key.create("with oil pastel"), recipe=recipe, editor=editor, vanilla=0.5))
    edited = [p for p in steps if p.stage == "Editing decoys"]
    assert edited[-1].step == edited[-1].of == round(0.5 * len(small.train))
    assert steps[-1].result.report["recipe"] == "hardened"


def test_a_seed_drawn_for_decoys_is_never_the_keys():
    drawn = [w.seed for w in wrong_keys(Key.create("with oil pastel"), torch.Generator().manual_seed(0))]
    seed = next(s for s in drawn if s != 1024)
    key = Key.create("with oil pastel", seed=seed)
    wrong = wrong_keys(key, torch.Generator().manual_seed(0))
    assert len(wrong) == len(drawn) and not any(w.prompt == key.prompt and w.seed == key.seed for w in wrong)
    same_seed = [w.prompt for w in wrong if w.seed == key.seed]
    assert len(same_seed) == len(set(same_seed))
