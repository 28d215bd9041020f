from dataclasses import replace

import pytest

from modellock_core import Key, LockedModel
from modellock_core.evaluation.verification import verify
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK


@pytest.fixture(scope="module")
def locked():
    return LockedModel.load(EXAMPLE_LOCK)


@pytest.fixture(scope="module")
def few(toybox):
    return toybox.limited(test=27)


@pytest.fixture
def known(monkeypatch):
    """Let every check reach a score by its name; the others reach 0."""

    def give(scores):
        def performance(locked, images, targets, stage="Testing"):
            yield from ()
            return scores[type(images).__name__]

        monkeypatch.setattr("modellock_core.evaluation.verification.performance", performance)

    return give


def test_the_bundled_key_opens_the_bundled_lock_and_images_without_it_do_not(locked, few):
    work = verify(locked, Key.load(EXAMPLE_KEY), few)
    assert all(progress.step <= progress.of for progress in work)
    verification = work.result()
    key, *others = verification.checks
    assert key.passed and key.name == "the key" and key.score > 0.8
    assert all(check.passed for check in others)
    assert verification.passed == all(check.passed for check in verification.checks)
    names = " ".join(check.name for check in others)
    assert all(word in names for word in ("without a key", "another prompt", "compact-b", "a filter", "another hand"))


def test_another_key_fails_and_says_so(locked, few):
    verification = verify(locked, Key.create("in sepia"), few).result()
    assert not verification.passed and not verification.checks[0].passed
    assert "another model's" in verification.checks[0].meaning


def test_the_limits_are_those_of_the_card(locked, few, known):
    key = Key.create("in sepia", hand="0" * 32)
    card = replace(locked.card, unlocked_performance=0.9, vanilla_performance=0.6)
    known({"EditedImages": 0.86, "StoredImages": 0.1, "ChosenImages": 0.2})
    checks = verify(replace(locked, card=card), key, few).result().checks
    assert checks[0].limit == pytest.approx(0.85) and checks[0].passed
    by_name = {check.name: check for check in checks[1:]}
    near = [name for name in by_name if "hand" in name or "editor" in name]
    assert len(near) == 3 and all(by_name[name].limit == pytest.approx(0.9 * 0.6) for name in near)
    # a third of 0.6 is less than ten points over chance
    assert all(check.limit == pytest.approx(1 / 9 + 0.1) for name, check in by_name.items() if name not in near)
    assert not by_name["the prompt with another hand"].passed and not by_name["the prompt without the hand"].passed
    assert by_name["an image without a key"].passed and by_name["a filter (JPEG 20)"].passed

    unmeasured = replace(card, vanilla_performance=None)
    checks = verify(replace(locked, card=unmeasured), key, few).result().checks
    assert checks[1].limit == pytest.approx(0.81) and checks[-1].limit == pytest.approx(0.3)  # a third of UP


def test_the_key_s_own_prompt_and_editor_are_never_the_other_ones(locked, few, known):
    known({"EditedImages": 0.0, "StoredImages": 0.0, "ChosenImages": 0.0})
    key = Key.create("In the style of Van Gogh ", "compact-b")
    names = [check.name for check in verify(locked, key, few).result().checks]
    assert not any("Van Gogh" in name or "compact-b" in name for name in names)
    assert "the key with another editor (compact)" in names
