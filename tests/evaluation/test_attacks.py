from dataclasses import asdict, replace

import pytest
import torch

from modellock_core import Key, LockedModel, load_backbone, run_attacks
from modellock_core.editing.negatives import NEGATIVE_PROMPTS
from modellock_core.evaluation.attacks import Budget, Target, attack_report
from modellock_core.evaluation.attacks.cheap_filters import FILTERS, cheap_filters
from modellock_core.evaluation.attacks.few_labels import full_finetune, linear_probe
from modellock_core.evaluation.attacks.outputs import best_permutation, label_permutation, logit_probe
from modellock_core.evaluation.attacks.prompt_search import prompt_search
from modellock_core.evaluation.attacks.report import AttackReport
from modellock_core.evaluation.attacks.weight_damage import pruning, weight_noise
from modellock_core.evaluation.attacks.wrong_keys import paraphrases, wrong_editor, wrong_prompts, wrong_settings
from modellock_core.models.tasks import load_task
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.records import from_json, to_json
from modellock_core.work import Work

TINY = Budget(test_images=18, prompts=3, label_fractions=(0.05,), epochs=1, seeds=1, queries=4)


def result_of(steps):
    return Work(steps).result()


@pytest.fixture(scope="module")
def target(toybox):
    return Target(LockedModel.load(EXAMPLE_LOCK), Key.load(EXAMPLE_KEY), toybox.limited(train=180, test=45))


def test_label_permutation_undoes_a_permutation():
    task, labels = load_task("classification", ("a", "b", "c", "d"), load_backbone()), torch.arange(4).repeat(5)
    assert best_permutation(task, (labels + 1) % 4, labels) == pytest.approx(1.0)
    assert best_permutation(task, torch.zeros(20, dtype=torch.long), labels) == pytest.approx(0.25)


def test_nothing_can_be_read_off_the_outputs_of_the_example(target):
    for attack in (label_permutation, logit_probe):
        work = Work(attack(target, TINY))
        assert all(progress.step <= progress.of for progress in work)
        (finding,) = work.result()
        assert finding.score < 0.35 and finding.knows


def test_wrong_prompts_leave_out_the_key_and_name_the_negatives(target):
    findings = result_of(wrong_prompts(target, TINY))
    assert len(findings) == 3 and target.key.prompt not in [f.variant for f in findings]
    for finding in findings:
        assert (finding.attack == "wrong prompt, a negative") == (finding.variant in NEGATIVE_PROMPTS)
        assert 0 <= finding.score <= 1 and finding.reference_name == "a vanilla finetune"


def test_paraphrases_settings_and_editors_are_wrong_keys(target):
    said = [f.variant for f in result_of(paraphrases(target, TINY))]
    assert "zebra style" in said and target.key.prompt not in said
    changed = [f.variant for f in result_of(wrong_settings(target, TINY))]
    assert {"alpha 1", "seed 1025", "steps 2"} <= set(changed)
    assert [f.variant for f in result_of(wrong_editor(target, TINY))] == ["compact-b"]


def test_every_filter_keeps_shape_and_range():
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert len(FILTERS) >= 12
    for name, change in FILTERS.items():
        filtered = change(images)
        assert filtered.shape == images.shape, name
        assert filtered.min() >= -1e-6 and filtered.max() <= 1 + 1e-6, name


def test_the_search_keeps_to_its_queries_and_never_guesses_the_key(target):
    steps = [p.step for p in prompt_search(target, TINY) if p.stage == "Searching prompts"]
    assert max(steps) == TINY.queries
    methods, guesses = zip(*(f.variant.split(": ") for f in result_of(prompt_search(target, TINY))), strict=True)
    assert methods == ("dictionary", "hill climbing") and target.key.prompt not in guesses


def test_a_few_labels_gain_no_more_than_with_the_public_backbone(target):
    for attack in (linear_probe, full_finetune):
        (finding,) = result_of(attack(target, TINY))
        assert finding.variant == "5% of the labels" and "public" in finding.reference_name
        assert finding.score <= finding.reference + 0.1


def test_damage_is_done_to_a_copy(target):
    before = [p.clone() for p in target.locked.model.parameters()]
    rows = result_of(pruning(target, TINY)) + result_of(weight_noise(target, TINY))
    assert {row.attack for row in rows} == {"pruning", "weight noise"} and len(rows) == 8
    assert all(torch.equal(a, b) for a, b in zip(before, target.locked.model.parameters(), strict=True))


def test_the_report_sums_up_every_attack_and_survives_json(target):
    findings = run_attacks(target, TINY, (label_permutation, pruning)).result()
    report = attack_report(target, findings, "quick")
    assert set(report.summary) == {"label permutation", "pruning"} and report.summary["pruning"].variants == 4
    assert report.findings == tuple(findings) and from_json(AttackReport, to_json(report), "it") == report
    assert target.key.prompt not in str(asdict(report))


@pytest.mark.parametrize(
    "extreme", [{"size": 1024}, {"guidance": 50.0}, {"steps": 100}, {"seed": 2**63 - 1}, {"alpha": 1.0}]
)
def test_keys_at_the_ends_of_their_ranges_can_be_attacked(target, extreme):
    one = Target(target.locked, replace(target.key, **extreme), target.dataset.limited(test=1))
    budget = replace(TINY, test_images=1)
    if extreme not in ({"size": 1024}, {"steps": 100}):  # these take their time; that they can be made is enough
        result_of(wrong_settings(one, budget))
    else:
        next(wrong_settings(one, budget))


def test_a_filter_draws_nothing_from_the_global_random_numbers(target):
    before = torch.get_rng_state()
    result_of(cheap_filters(target, TINY))
    assert torch.equal(torch.get_rng_state(), before)


def test_label_permutation_finds_a_permutation_of_the_classes_of_masks():
    task = load_task("segmentation", ("background", "cup", "plate"), load_backbone())
    masks = torch.arange(3).repeat(1, 8, 3)
    assert best_permutation(task, (masks + 1) % 3, masks) == pytest.approx(1.0)
    assert best_permutation(task, masks * 0, masks) == pytest.approx(1 / 9)
