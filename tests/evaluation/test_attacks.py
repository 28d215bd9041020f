import json
from dataclasses import asdict, replace

import pytest
import torch

from modellock_core import load_backbone, run_attacks
from modellock_core.evaluation.attacks import ATTACKS, BUDGETS, Finding, Target, attack_report
from modellock_core.evaluation.attacks.cheap_filters import FILTERS, cheap_filters
from modellock_core.evaluation.attacks.outputs import best_permutation, label_permutation, logit_probe
from modellock_core.evaluation.attacks.prompt_search import prompt_search
from modellock_core.evaluation.attacks.report import AttackReport, summary, worst_case
from modellock_core.evaluation.attacks.wrong_keys import (
    HANDS,
    paraphrases,
    wrong_editor,
    wrong_hands,
    wrong_prompts,
    wrong_settings,
)
from modellock_core.evaluation.thieves import EVERYBODY, THIEVES, attacks_of
from modellock_core.models.tasks import load_task
from modellock_core.records import from_json, to_json
from modellock_core.work import Work

TINY = replace(
    BUDGETS["quick"], test_images=18, prompts=3, epochs=1, queries=4, gradient_steps=1, leaked=(1,)
)  # fmt: skip


def result_of(steps):
    return Work(steps).result()


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_keeps_to_the_protocol(name, target):
    before = [parameter.clone() for parameter in target.locked.model.parameters()]
    state = torch.get_rng_state()
    few = replace(target, dataset=target.dataset.limited(train=36, test=9))
    work = Work(ATTACKS[name](few, TINY))
    assert all(0 <= progress.step <= progress.of for progress in work)
    for row in work.result():
        assert isinstance(row, Finding) and row.attack and row.variant and row.knows and row.cost
        assert 0 <= row.score <= 1 and 0 <= row.reference <= 1 and row.labels >= 0 and row.queries >= 0
        assert row.hits is None or len(row.hits) <= len(few.dataset.test)
        json.dumps(to_json(row))
    assert torch.equal(torch.get_rng_state(), state)
    unchanged = zip(before, target.locked.model.parameters(), strict=True)
    assert all(torch.equal(old, new) for old, new in unchanged)


def test_every_attack_is_some_thiefs():
    assert set(attacks_of(EVERYBODY)) == set(ATTACKS)
    assert len(attacks_of(EVERYBODY)) == sum(len(thief.attacks) for thief in THIEVES.values())


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


def test_wrong_prompts_leave_out_the_key_and_its_hand(target):
    with_hand = replace(target, key=replace(target.key, hand="0" * 32))
    findings = result_of(wrong_prompts(with_hand, TINY))
    assert {f.attack for f in findings} == {"wrong prompt", "wrong prompt in the right hand"}
    assert target.key.prompt not in [f.variant for f in findings]
    assert all(0 <= f.score <= 1 and f.reference_name == "a vanilla finetune" for f in findings)


def test_other_hands_are_tried_on_a_key_that_has_one(target):
    without = replace(target, key=replace(target.key, hand=None))
    assert result_of(wrong_hands(without, TINY)) == []
    findings = result_of(wrong_hands(replace(target, key=replace(target.key, hand="0" * 32)), TINY))
    assert len(findings) == HANDS + 1 and findings[-1].variant == "no hand"


def test_paraphrases_settings_and_editors_are_wrong_keys(target):
    said = [f.variant for f in result_of(paraphrases(target, TINY))]
    assert "Van Gogh style" in said and target.key.prompt not in said
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
    steps = [p.step for p in prompt_search(target, TINY) if p.stage == "Searching prompts" and p.of == TINY.queries]
    assert max(steps) == TINY.queries
    methods, guesses = zip(*(f.variant.split(": ") for f in result_of(prompt_search(target, TINY))), strict=True)
    assert methods == ("dictionary", "hill climbing") and target.key.prompt not in guesses


def row(attack: str, score: float, **rest) -> Finding:
    always = {"variant": "it", "knows": "nothing", "cost": "nothing", "reference_name": "it"}
    return Finding(attack=attack, score=score, **always | {"reference": 0.9} | rest)


def test_the_report_sums_up_every_attack_and_survives_json(target):
    names = ("label_permutation", "pruning")
    findings = run_attacks(target, TINY, names).result()
    report = attack_report(target, findings, "quick", names)
    assert set(report.summary) == {"label permutation", "pruning"} and report.summary["pruning"].variants == 4
    assert report.findings == tuple(findings) and from_json(AttackReport, to_json(report), "it") == report
    assert target.key.prompt not in str(asdict(report))


def test_an_attack_with_labels_is_held_against_the_same_labels():
    few = summary([row("probe", 0.5, reference=0.6, labels=10), row("probe", 0.9, reference=0.8, labels=50)], 0.1)
    assert few["probe"].gain == pytest.approx(0.1) and few["probe"].opened and "50 labels" in few["probe"].meaning
    none = summary([row("filter", 0.12), row("filter", 0.19)], 0.1)["filter"]
    assert none.gain is None and not none.opened and none.max == 0.19 and "Nothing opens" in none.meaning
    assert summary([row("filter", 0.5)], 0.1)["filter"].opened


def test_the_worst_case_counts_an_image_that_any_attack_gets_right():
    rows = [row("a", 0.5, hits=(0, 1)), row("a", 0.2, hits=(9,)), row("b", 0.3, hits=(1, 2)), row("c", 0.9)]
    assert worst_case(rows, 10) == 0.3  # of each attack its best variant
    assert worst_case([row("c", 0.9)], 10) is None


@pytest.mark.parametrize(
    "extreme", [{"size": 1024}, {"guidance": 50.0}, {"steps": 100}, {"seed": 2**32 - 1}, {"alpha": 1.0}]
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
