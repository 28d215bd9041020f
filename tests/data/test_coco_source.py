"""A dataset of COCO's form, made on the spot."""

import json
import os

import pytest
import torch
from PIL import Image

from modellock_core import ModelLockError, load_dataset

SQUARE = [8, 8, 23, 8, 23, 23, 8, 23]


@pytest.fixture
def coco(tmp_path):
    """Two images a split: a cat's square with a dog's smaller one in it, and a crowd."""
    for part in ("train2017", "val2017"):
        (tmp_path / part).mkdir()
        annotations = []
        for i in range(2):
            Image.new("RGB", (32, 32), (i * 90, 60, 60)).save(tmp_path / part / f"{i}.jpg")
            annotations += [
                {"image_id": i, "category_id": 17, "segmentation": [SQUARE], "area": 256, "iscrowd": 0},
                {"image_id": i, "category_id": 5, "segmentation": [[12, 12, 15, 12, 15, 15, 12, 15]], "area": 16},
                {"image_id": i, "category_id": 5, "iscrowd": 1, "area": 64, "bbox": [0, 0, 2, 32],
                 "segmentation": {"counts": [0, 64, 960], "size": [32, 32]}},
            ]  # fmt: skip
        values = {
            "images": [{"id": i, "file_name": f"{i}.jpg"} for i in range(3)],  # the last has no annotation
            "annotations": annotations,
            "categories": [{"id": 17, "name": "cat"}, {"id": 5, "name": "dog"}],
        }
        (tmp_path / "annotations").mkdir(exist_ok=True)
        (tmp_path / "annotations" / f"instances_{part}.json").write_text(json.dumps(values))
    return tmp_path


def test_instances_become_masks(coco):
    dataset = load_dataset(f"coco:{coco}", task="segmentation", size=32)
    assert dataset.classes == ("background", "dog", "cat") and len(dataset.train) == len(dataset.test) == 2
    mask = dataset.train.targets.values[0]
    assert (mask[16, 20], mask[13, 13], mask[30, 30], mask[16, 0]) == (2, 1, 0, 255)
    assert mask.unique().tolist() == [0, 1, 2, 255] and torch.all(mask[:, :2] == 255)  # columns, not rows


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: (root / "annotations" / "instances_val2017.json").unlink(), "has no annotations/instances_val"),
        (lambda root: (root / "annotations" / "instances_val2017.json").write_text("{}"), "holds no annotations"),
        (lambda root: (root / "val2017").rename(root / "other"), "has no folder val2017"),
        (lambda root: (root / "val2017" / "0.jpg").unlink(), "there is no such file"),
    ],
)
def test_what_is_missing_is_named(coco, damage, message):
    damage(coco)
    with pytest.raises(ModelLockError, match=message):
        load_dataset(f"coco:{coco}", task="segmentation", size=32)


@pytest.mark.parametrize(
    "change",
    [
        {"categories": None}, {"categories": ["cat"]}, {"categories": [{"name": "cat"}]},
        {"categories": [{"id": 17, "name": 7}, {"id": 5, "name": "dog"}]},
        {"categories": [{"id": 17, "name": None}, {"id": 5, "name": "dog"}]},
        {"categories": [{"id": [1], "name": "cat"}]},
        {"categories": [{"id": 1, "name": "a"}, {"id": "x", "name": "b"}]},
        {"annotation": {"segmentation": [[1, 2, 3]]}}, {"annotation": {"segmentation": [["a", "b", "c", "d"]]}},
        {"annotation": {"segmentation": {"counts": [3, 4]}}}, {"annotation": {"segmentation": {"counts": [-3, 1027]}}},
        {"annotation": {"segmentation": {"counts": [10**11, 10**11]}}}, {"annotation": {"area": "big"}},
        {"annotation": {"segmentation": {"counts": "ab"}, "bbox": [1]}},
        {"annotation": {"segmentation": {"counts": "ab"}, "bbox": [9, 9, -5, -5]}},
        {"image": {"file_name": "../train2017/0.jpg"}}, {"image": {"file_name": "/etc/passwd"}},
    ],
)  # fmt: skip
def test_damaged_annotations_are_one_line(coco, change):
    file = coco / "annotations" / "instances_train2017.json"
    values = json.loads(file.read_text())
    values["annotations"][0] |= change.pop("annotation", {})
    values["images"][0] |= change.pop("image", {})
    file.write_text(json.dumps(values | change))
    with pytest.raises(ModelLockError, match="is damaged"):
        load_dataset(f"coco:{coco}", task="segmentation", size=32)


def test_annotations_without_end_are_refused(coco):
    file = coco / "annotations" / "instances_train2017.json"
    file.write_text("[" * 200_000)
    with pytest.raises(ModelLockError, match="holds no annotations"):
        load_dataset(f"coco:{coco}", task="segmentation", size=32)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ModelLockError, match="holds no annotations"):
        load_dataset(f"coco:{coco}", task="segmentation", size=32)


def test_it_is_for_segmentation_only(coco):
    with pytest.raises(ModelLockError, match="choose the task segmentation"):
        load_dataset(f"coco:{coco}")
