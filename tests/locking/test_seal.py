from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from modellock_core import Key, LockedModel, ModelLockError
from modellock_core.evaluation.attacks import BUDGETS, Target, run_attacks
from modellock_core.locking.lock_files import WEIGHTS
from modellock_core.locking.seal import new_nonce, sealed, unsealed
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

WEIGHTS_OF_A_LAYER = {"weight": torch.randn(9, 20).half(), "bias": torch.randn(9).half()}


@pytest.fixture(scope="module")
def key():
    return Key.load(EXAMPLE_KEY)


@pytest.fixture(scope="module")
def open_model(key):
    return LockedModel.load(EXAMPLE_LOCK).unsealed(key)


@pytest.fixture
def folder(open_model, key, tmp_path):
    open_model.save(tmp_path / "model", key)
    return tmp_path / "model"


def test_the_key_gives_the_model_as_it_was(folder, open_model, key, small):
    stolen = LockedModel.load(folder)
    again = stolen.unsealed(key)
    assert torch.equal(again.predict(small.test.images[:6]), open_model.predict(small.test.images[:6]))
    assert again.sealed_layer is None and stolen.sealed_layer is not None
    assert again.unsealed(key) is again


def test_without_the_key_the_last_layer_is_another(folder, open_model):
    stolen = LockedModel.load(folder).model[-1].weight.flatten()
    assert torch.corrcoef(torch.stack([stolen, open_model.model[-1].weight.flatten()]))[0, 1].abs() < 0.1


def test_another_key_is_refused(folder, key):
    with pytest.raises(ModelLockError, match="did not lock this model"):
        LockedModel.load(folder).unsealed(Key.create(key.prompt, hand=key.hand))


def test_a_sealed_model_is_written_as_it_is(folder, key, open_model, tmp_path):
    LockedModel.load(folder).save(tmp_path / "copy")
    assert torch.equal(LockedModel.load(tmp_path / "copy").unsealed(key).model[-1].weight, open_model.model[-1].weight)


def test_a_model_can_be_saved_open(open_model, key, tmp_path):
    open_model.save(tmp_path)
    assert LockedModel.load(tmp_path).sealed_layer is None


def test_the_bits_tell_nothing_and_no_stream_is_used_twice(key):
    nonce = new_nonce(WEIGHTS_OF_A_LAYER, key)
    bits = sealed(WEIGHTS_OF_A_LAYER, key, nonce)
    assert all(torch.equal(unsealed(bits, key, nonce)[name], w) for name, w in WEIGHTS_OF_A_LAYER.items())
    ones = sum(int(b) >> i & 1 for b in bits["weight"].flatten() for i in range(16)) / (16 * 180)
    assert 0.45 < ones < 0.55
    other = {name: weight + 1 for name, weight in WEIGHTS_OF_A_LAYER.items()}
    assert new_nonce(other, key) != nonce and new_nonce(WEIGHTS_OF_A_LAYER, replace(key, id="0" * 32)) != nonce


@pytest.mark.parametrize("change", ["left out", "another type", "another shape", "open beside it"])
def test_a_damaged_seal_is_refused(folder, change):
    weights = load_file(folder / WEIGHTS)
    bits = weights.pop("sealed.weight")
    weights |= {
        "left out": {},
        "another type": {"sealed.weight": bits.view(torch.float16)},
        "another shape": {"sealed.weight": bits[:-1].clone()},
        "open beside it": {"sealed.weight": bits, "sealed.more": bits.clone()},
    }[change]
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(ModelLockError, match="is damaged"):
        LockedModel.load(folder)


def test_changed_bits_are_found_out(folder, key):
    weights = load_file(folder / WEIGHTS)
    weights["sealed.bias"] ^= 1
    save_file(weights, folder / WEIGHTS)
    with pytest.raises(ModelLockError, match="last layer is damaged"):
        LockedModel.load(folder).unsealed(key)


def test_answers_of_a_sealed_model_come_with_a_warning(folder, key, small):
    stolen = LockedModel.load(folder)
    with pytest.warns(UserWarning, match="sealed"):
        stolen.predict(small.test.images[:1])


def test_a_thief_of_a_sealed_model_needs_labels(folder, key, small):
    stolen = LockedModel.load(folder)
    target, budget = Target(stolen, key, small), replace(BUDGETS["quick"], gradient_steps=1, queries=2, restarts=1)
    guessing = run_attacks(target, budget, ("wrong_settings",)).result()
    assert all(finding.score < 0.4 for finding in guessing)
    with_labels = run_attacks(target, budget, ("known_edit", "universal_pattern")).result()
    assert all(finding.labels for finding in with_labels)
