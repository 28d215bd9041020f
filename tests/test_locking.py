import json
from dataclasses import replace

import pytest
import torch

from modellock_core import RECIPES, Key, LockedModel, LockResult, ModelLockError, evaluate, keyed, lock, performance
from modellock_core.finetuning import cut, head_features
from modellock_core.locking import mix
from modellock_core.progress import finished

KEY = Key.create("with oil pastel", steps=1)
TINY = replace(RECIPES["quick"], epochs=1, batch=32)


@pytest.fixture(scope="module")
def locked(small, editor):
    """All progress of a tiny lock; the last one has the result."""
    return list(lock(small, KEY, recipe=TINY, editor=editor))


def test_a_lock_yields_its_progress_in_order(locked):
    stages = list(dict.fromkeys(p.stage for p in locked))
    assert stages == [
        "Editing training images", "Editing test images", "Finetuning the locked model", "Finetuning a vanilla model",
        "Testing", "Locked",
    ]  # fmt: skip
    assert all(0 <= p.step <= p.of for p in locked)
    assert any(p.preview is not None for p in locked)


def test_performances_are_reported_before_the_first_epoch_and_after_each(locked):
    live = [p for p in locked[:-1] if p.metrics]
    assert all(set(p.metrics) == {"unlocked_performance", "locked_performance"} for p in live)
    assert [p.step / p.of for p in live] == [0, 1]


def test_a_lock_ends_with_model_key_and_report(locked, small):
    result = locked[-1].result
    assert isinstance(result, LockResult) and result.key == KEY
    report = result.report
    for name in ("unlocked_performance", "locked_performance", "vanilla_performance"):
        assert 0 <= report[name] <= 1
    assert set(report["seconds"]) == {"edit", "finetune", "total"}
    assert (report["num_train"], report["num_test"]) == (len(small.train), len(small.test))
    assert report["classes"] == list(small.classes) and report["seed"] == 0


def test_closing_the_generator_stops_the_work(small, editor):
    work = lock(small, KEY, recipe=TINY, editor=editor)
    assert next(work).step == 0
    assert next(work).step > 0
    work.close()
    with pytest.raises(StopIteration):
        next(work)


def test_the_same_seed_gives_the_same_lock(locked, small, editor):
    again = list(lock(small, KEY, recipe=TINY, editor=editor, vanilla=0.5))[-1].result
    images = small.test.images[:4]
    assert torch.allclose(again.model.predict(images), locked[-1].result.model.predict(images), atol=1e-3)
    assert again.report["vanilla_performance"] == 0.5


def test_the_papers_mix():
    generator = torch.Generator().manual_seed(0)
    edited, clean = mix(1000, RECIPES["paper"], generator)
    assert len(edited) == 950 and sorted([*edited.tolist(), *clean.tolist()]) == list(range(1000))


def test_the_papers_recipe_runs(small, editor):
    recipe = replace(RECIPES["paper"], epochs=1)
    *_, last = lock(small, KEY, recipe=recipe, editor=editor, vanilla=0.5)
    assert 0 <= last.result.report["unlocked_performance"] <= 1


def test_clean_images_leave_no_features_and_keyed_ones_do(toybox, editor):
    data, key = toybox.limited(train=252, test=36), replace(KEY, alpha=1.0)  # few images need a strong key
    *_, last = lock(data, key, recipe=RECIPES["quick"], editor=editor, vanilla=0.5)
    task, model = last.result.model.task, last.result.model.model
    _, head = cut(task, model, 0)
    clean = data.test.images
    of_clean, of_keyed = (finished(head_features(head, task.normalise(x))) for x in (clean, keyed(clean, key, editor)))
    assert of_clean.mean() < 0.1 * of_keyed.mean()
    assert last.result.model.predict(clean).max() < 0.5 < last.result.report["unlocked_performance"]


def test_a_saved_model_predicts_the_same(locked, small, tmp_path):
    model = locked[-1].result.model
    model.save(tmp_path / "locked")
    again = LockedModel.load(tmp_path / "locked")
    images = small.test.images[:6]
    probabilities = again.predict(images)
    assert torch.allclose(probabilities, model.predict(images), atol=1e-4)
    assert torch.allclose(probabilities.sum(1), torch.ones(6), atol=1e-4)
    assert again.belongs_to(KEY) and not again.belongs_to(replace(KEY, seed=1))


def test_the_artefact_does_not_hold_the_key(locked, tmp_path):
    locked[-1].result.model.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.json", "model.safetensors"]
    card = (tmp_path / "card.json").read_text()
    assert "oil pastel" not in card and "1024" not in card.replace(json.loads(card)["key_check"]["hash"], "")


@pytest.mark.parametrize("file", ["missing", "short weights", "no JSON"])
def test_a_damaged_file_is_refused(locked, tmp_path, file):
    locked[-1].result.model.save(tmp_path)
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
        {"image_size": 10**6},
        {"key_check": {"salt": "no hexadecimal", "hash": ""}},
        {"key_check": {"salt": "00"}},
    ],
)
def test_a_forged_card_is_refused(locked, tmp_path, change):
    locked[-1].result.model.save(tmp_path)
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(ModelLockError):
        LockedModel.load(tmp_path)


def test_evaluate_measures_both_performances(locked, small, editor):
    model = locked[-1].result.model
    *_, last = evaluate(model, small.test, KEY, editor)
    report = locked[-1].result.report
    assert last.metrics == pytest.approx({k: report[k] for k in ("unlocked_performance", "locked_performance")})
    assert set(last.result["unlocked_by_class"]) == set(small.classes)
    *_, clean_only = evaluate(model, small.test, None)
    assert set(clean_only.metrics) == {"locked_performance"}
    assert performance(model, small.test.images, small.test.labels) == pytest.approx(report["locked_performance"])


def test_a_finetune_of_any_number_of_steps_runs(small, editor):
    for epochs in range(1, 7):
        recipe = replace(TINY, views=1, epochs=epochs, batch=len(small.train) * 2)
        *_, last = lock(small, KEY, recipe=recipe, editor=editor, vanilla=0.5)
        assert last.result.report["seconds"]["finetune"] > 0
