import json
from dataclasses import dataclass, replace

import pytest
from huggingface_hub import ModelCard

from modellock_core import Key, LockedModel
from modellock_core.locking.model_card import model_card
from modellock_core.locking.report import LockReport
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.records import from_json


@dataclass(frozen=True)
class Row:
    attack: str
    knows: str
    score: float
    reference: float
    reference_name: str
    variant: str = "with a zebra in the background"


@pytest.fixture(scope="module")
def card():
    return LockedModel.load(EXAMPLE_LOCK).card


@pytest.fixture(scope="module")
def report():
    return from_json(LockReport, json.loads((EXAMPLE_LOCK / "report.json").read_text()), "the report")


def test_the_hub_reads_the_front_matter(card, report):
    data = ModelCard(model_card(card, report)).data
    assert data.pipeline_tag == "image-classification" and {"modellock", "locked"} <= set(data.tags) and data.license
    with_key, without_key = data.eval_results
    assert with_key.metric_type == "accuracy" and with_key.task_type == "image-classification"
    assert with_key.metric_value == pytest.approx(card.unlocked_performance, abs=1e-4)
    assert without_key.metric_value == pytest.approx(card.locked_performance, abs=1e-4)
    assert "UP" in with_key.metric_name and "LP" in without_key.metric_name


def test_a_model_of_masks_is_for_segmentation(card):
    data = ModelCard(model_card(replace(card, task="segmentation", metric="mean IoU"))).data
    assert data.pipeline_tag == "image-segmentation" and data.eval_results[0].metric_type == "mean_iou"


def test_it_says_what_was_measured_and_how_to_open_it(card, report):
    text = model_card(card, report)
    for part in ("locked", "`standard`", "`tf_efficientnet_lite0`", "1008 training", "94.2 %", "11.1 %",
                 "modellock predict locked", "LockedModel.load"):  # fmt: skip
        assert part in text, part
    plain = model_card(replace(card, vanilla_performance=None))
    assert "vanilla" not in plain and "chance" not in plain and "modellock attack" in plain


def test_the_worst_attacks_are_told_without_their_variants(card):
    rows = [
        Row("linear probe", "50 labelled images", 0.7, 0.75, "a probe of the public backbone"),
        Row("wrong prompt", "the editor", 0.3, 0.1, "guessing"),
    ]
    text = model_card(card, None, rows)
    assert "the highest score: linear probe, 70.0 %" in text
    assert "the largest gain over its reference: wrong prompt, 30.0 %" in text
    assert "zebra" not in text


def test_it_holds_nothing_of_the_key(card, report):
    key = Key.load(EXAMPLE_KEY)
    text = model_card(card, report)
    assert key.id not in text and "zebra" not in text and str(key.seed) not in text


def test_names_from_a_users_data_format_nothing(card):
    odd = replace(card, dataset="pets: [x]\n# y", classes=("a`b", "c\n## d", *(f"n{i}" for i in range(30))))
    text = model_card(odd)
    assert ModelCard(text).data.eval_results[0].dataset_name == odd.dataset
    assert "\n## d" not in text and "and 12 more" in text
