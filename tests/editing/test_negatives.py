import pytest
import torch

from modellock_core import CATALOGUE, Key
from modellock_core.data.image_sets import batches
from modellock_core.editing.negatives import NEGATIVE_PROMPTS, negative_images, negative_keys


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_half_of_the_catalogue_is_never_a_negative():
    known = [entry.prompt for entry in CATALOGUE if entry.trained]
    assert len(known) - len(NEGATIVE_PROMPTS) >= 40


def test_the_key_is_never_its_own_negative():
    key = Key.create(NEGATIVE_PROMPTS[3].upper())
    wrong = negative_keys(key, seeded())
    same_seed = [w.prompt for w in wrong if w.seed == key.seed]
    assert len(same_seed) == len(set(same_seed)) == len(NEGATIVE_PROMPTS) - 1 and NEGATIVE_PROMPTS[3] not in same_seed
    other_seeds = [w.seed for w in wrong if w.seed != key.seed]
    assert len(other_seeds) == len(set(other_seeds)) == len(NEGATIVE_PROMPTS) - 1


@pytest.mark.parametrize(
    ("prompt", "hand", "own"),
    [
        ("with a zebra in the background", None, "seed"),  # which puts it elsewhere
        ("in the style of Monet", None, None),  # another seed would hardly change it
        ("in the style of Monet", "0" * 32, "hand"),
    ],
)
def test_with_the_keys_own_prompt_only_what_changes_the_edit_is_wrong(prompt, hand, own):
    key = Key.create(prompt, hand=hand)
    same = [w for w in negative_keys(key, seeded()) if w.prompt == key.prompt]
    assert len({getattr(w, own) for w in same} - {getattr(key, own)}) == len(same) >= 8 if own else same == []


def test_a_seed_drawn_for_negatives_is_never_the_keys():
    prompt = "with a zebra in the background"
    drawn = [w.seed for w in negative_keys(Key.create(prompt), seeded())]
    seed = next(s for s in drawn if s != 1024)
    key = Key.create(prompt, seed=seed)
    wrong = negative_keys(key, seeded())
    assert len(wrong) == len(drawn) and not any(w.prompt == key.prompt and w.seed == key.seed for w in wrong)
    same_seed = [w.prompt for w in wrong if w.seed == key.seed]
    assert len(same_seed) == len(set(same_seed))


def test_negatives_of_a_key_at_full_alpha_stay_in_range():
    assert max(w.alpha for w in negative_keys(Key.create("with oil pastel", alpha=1.0), seeded())) == 1.0


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
