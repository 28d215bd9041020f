from dataclasses import replace

import torch

from modellock_core.evaluation.attacks import BUDGETS
from modellock_core.evaluation.attacks.relocking import OWN_PROMPTS, own_key, relocking

TINY = replace(BUDGETS["quick"], label_fractions=(0.1,), epochs=1)


def test_the_thief_s_keys_are_never_the_holder_s(target):
    for prompt in (target.key.prompt, OWN_PROMPTS[0].upper(), OWN_PROMPTS[1]):
        held = replace(target, key=replace(target.key, prompt=prompt))
        keys = [own_key(held, seed) for seed in range(3)]
        assert all(key.prompt.casefold() != prompt.casefold() for key in keys)
        assert len({key.prompt for key in keys}) == len({key.hand for key in keys}) == 3


def test_it_gains_nothing_on_the_bundled_lock_and_leaves_it_alone(target, result_of):
    before = [p.clone() for p in target.locked.model.parameters()]
    (row,) = result_of(relocking(target, TINY))
    assert row.labels == 18 and "public backbone" in row.reference_name
    assert row.score <= row.reference + 0.15
    assert len(row.hits) == round(row.score * len(target.dataset.test))
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_a_model_that_is_not_locked_is_taken_over(target, result_of):
    """The public backbone itself as the loot: what is gained over it is nothing."""
    open_model = replace(target.locked, model=target.locked.task.build(seed=0))
    (row,) = result_of(relocking(replace(target, locked=open_model, public={}), TINY))
    assert row.score == row.reference > 0.3
