from dataclasses import asdict

import pytest
import torch

from modellock_core import Key, LockedModel
from modellock_core.attacks import BUDGETS, Budget, Target, report, run_attacks
from modellock_core.attacks.cheap_filters import FILTERS
from modellock_core.attacks.damage import pruning, weight_noise
from modellock_core.attacks.few_labels import full_finetune, linear_probe
from modellock_core.attacks.outputs import best_relabelling, logit_refit, relabelling
from modellock_core.attacks.prompt_search import prompt_search
from modellock_core.attacks.wrong_keys import paraphrases, wrong_editor, wrong_prompts, wrong_settings
from modellock_core.decoys import DECOY_PROMPTS
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.progress import finished
from modellock_core.tasks import load_task

TINY = Budget(test_images=18, prompts=3, label_parts=(0.05,), epochs=1, seeds=1, queries=4)


@pytest.fixture(scope="module")
def target(toybox):
    return Target(LockedModel.load(EXAMPLE_LOCK), Key.load(EXAMPLE_KEY), toybox.limited(train=180, test=45))


def test_relabelling_undoes_a_permutation():
    task, labels = load_task("classification", ("a", "b", "c", "d")), torch.arange(4).repeat(5)
    assert best_relabelling(task, (labels + 1) % 4, labels) == pytest.approx(1.0)
    assert best_relabelling(task, torch.zeros(20, dtype=torch.long), labels) == pytest.approx(0.25)


def test_nothing_can_be_read_off_the_outputs_of_the_example(target):
    for attack in (relabelling, logit_refit):
        (finding,) = finished(attack(target, TINY))
        assert finding.accuracy < 0.35 and finding.knows


def test_wrong_prompts_leave_out_the_key_and_name_the_decoys(target):
    findings = finished(wrong_prompts(target, TINY))
    assert len(findings) == 3 and target.key.prompt not in [f.variant for f in findings]
    for finding in findings:
        assert (finding.attack == "wrong prompt, a decoy") == (finding.variant in DECOY_PROMPTS)
        assert 0 <= finding.accuracy <= 1 and finding.reference_name == "a vanilla finetune"


def test_paraphrases_settings_and_editors_are_wrong_keys(target):
    said = [f.variant for f in finished(paraphrases(target, TINY))]
    assert "zebra style" in said and target.key.prompt not in said
    changed = [f.variant for f in finished(wrong_settings(target, TINY))]
    assert {"alpha 1", "seed 1025", "steps 2"} <= set(changed)
    assert [f.variant for f in finished(wrong_editor(target, TINY))] == ["compact-b"]


def test_every_filter_keeps_shape_and_range():
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert len(FILTERS) >= 12
    for name, change in FILTERS.items():
        filtered = change(images)
        assert filtered.shape == images.shape, name
        assert filtered.min() >= -1e-6 and filtered.max() <= 1 + 1e-6, name


def test_the_search_keeps_to_its_queries_and_never_guesses_the_key(target):
    assert max(p.step for p in prompt_search(target, TINY)) == TINY.queries
    methods, guesses = zip(*(f.variant.split(": ") for f in finished(prompt_search(target, TINY))), strict=True)
    assert methods == ("dictionary", "hill climbing") and target.key.prompt not in guesses


def test_a_few_labels_gain_no_more_than_with_the_public_backbone(target):
    for attack in (linear_probe, full_finetune):
        (finding,) = finished(attack(target, TINY))
        assert finding.variant == "5% of the labels" and "public" in finding.reference_name
        assert finding.accuracy <= finding.reference + 0.1


def test_damage_is_done_to_a_copy(target):
    before = [p.clone() for p in target.locked.model.parameters()]
    rows = finished(pruning(target, TINY)) + finished(weight_noise(target, TINY))
    assert {row.attack for row in rows} == {"pruning", "weight noise"} and len(rows) == 8
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_the_report_sums_up_every_attack(target):
    *_, last = run_attacks(target, TINY, (relabelling, pruning))
    result = report(target, last.result, "quick")
    assert set(result["summary"]) == {"relabelling", "pruning"}
    assert result["summary"]["pruning"]["variants"] == 4
    assert result["findings"] == [asdict(f) for f in last.result]
    assert target.key.prompt not in str(result)


def test_the_budgets_grow():
    quick, full = BUDGETS["quick"], BUDGETS["full"]
    assert quick.test_images < full.test_images and quick.queries < full.queries and full.prompts is None
