import json
from dataclasses import replace

import pytest
import torch

from modellock_core import RECIPES, Key, LockedModel, ModelLockError, lock
from modellock_core.editing.mix import Mix
from modellock_core.evaluation.attacks import BUDGETS, Target
from modellock_core.evaluation.attacks.artefact import artefact
from modellock_core.work import Work

KEY = Key.create("with oil pastel", seed=987654321)
RECIPE = replace(RECIPES["classification"]["standard"], mix=Mix(), adversary=None)


@pytest.fixture(scope="module")
def made(small, editor):
    recipe = replace(RECIPE, finetune=replace(RECIPE.finetune, epochs=1))
    return lock(small, KEY, recipe=recipe, editor=editor).result()


def test_a_saved_model_predicts_the_same(made, small, tmp_path):
    made.model.save(tmp_path / "locked")
    again = LockedModel.load(tmp_path / "locked")
    images = small.test.images[:6]
    probabilities = again.predict(images)
    assert torch.allclose(probabilities, made.model.predict(images), atol=1e-4)
    assert torch.allclose(probabilities.sum(1), torch.ones(6), atol=1e-4)
    assert again.card == made.model.card
    assert again.belongs_to(KEY) and not again.belongs_to(Key.create("with oil pastel", seed=987654321))


def test_a_model_of_small_images_can_be_loaded(made, tmp_path):
    card = replace(made.model.card, image_size=28)
    replace(made.model, card=card).save(tmp_path)
    assert LockedModel.load(tmp_path).image_size == 28


def test_the_artefact_does_not_hold_the_key(made, tmp_path):
    made.model.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.json", "model.safetensors"]
    card = (tmp_path / "card.json").read_text()
    assert "oil pastel" not in card and "987654321" not in card and KEY.id not in card


def test_no_guess_of_the_prompt_can_be_tried_on_the_card(made, small):
    findings = Work(artefact(Target(made.model, KEY, small), BUDGETS["quick"])).result()
    assert findings and all(finding.score == made.report.locked_performance for finding in findings)


def test_two_locks_with_one_prompt_have_different_cards(made):
    assert replace(KEY, id="0" * 32).fingerprint() != made.model.card.key_hash


@pytest.mark.parametrize("file", ["missing", "short weights", "no JSON"])
def test_a_damaged_file_is_refused(made, tmp_path, file):
    made.model.save(tmp_path)
    if file == "missing":
        (tmp_path / "model.safetensors").unlink()
    elif file == "short weights":
        (tmp_path / "model.safetensors").write_bytes(b"short")
    else:
        (tmp_path / "card.json").write_text("{")
    with pytest.raises(ModelLockError):
        LockedModel.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"task": "cooking"},
        {"classes": ["a", "b"]},
        {"classes": ["a"]},
        {"image_size": 10**6},
        {"key_hash": "no hexadecimal"},
        {"key_hash": None},
        {"backbone": "nope"},
        {"unlocked_performance": 2},
        {"versions": []},
    ],
)
def test_a_forged_card_is_refused(made, tmp_path, change):
    made.model.save(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(ModelLockError):
        LockedModel.load(tmp_path)
