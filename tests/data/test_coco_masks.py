"""Shapes of COCO's form that are damaged or odd: each is one clear line, or drawn as it is meant."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from modellock_core import ModelLockError, load_dataset
from modellock_core.data.coco_masks import class_mask

SIZE = (32, 24)
SQUARE = [8, 8, 23, 8, 23, 23, 8, 23]


def drawn(**annotation) -> torch.Tensor:
    given = {"category_id": 17, "segmentation": [SQUARE]} | annotation
    return torch.from_numpy(np.array(class_mask([given], {17: 1}, SIZE)))


@pytest.mark.parametrize(
    ("annotation", "cause"),
    [
        ({"segmentation": [[1e9, 8, 23, 8, 23, 23]]}, "far outside"),
        ({"segmentation": [[8, -(10**400), 23, 8, 23, 23]]}, "far outside"),
        ({"segmentation": [[float("nan"), 8, 23, 8, 23, 23]]}, "nan far outside"),
        ({"segmentation": [[8, float("inf"), 23, 8, 23, 23]]}, "inf far outside"),
        ({"segmentation": [[[8, 8], [23, 8], [23, 23], [8, 23]]]}, "a list for a coordinate"),
        ({"segmentation": [[8, 8, 23, 8, 23]]}, "x, y, x, y"),
        ({"segmentation": [[]]}, "x, y, x, y"),
        ({"segmentation": SQUARE}, "x, y, x, y"),
        ({"segmentation": [[True] * 6]}, "a bool for a coordinate"),
        ({"segmentation": [["8"] * 6]}, "a str for a coordinate"),
        ({"segmentation": {"counts": [2**62, 2**62]}}, "another size"),
        ({"segmentation": {"counts": [32 * 24], "size": [10**9, 10**9]}}, "another size"),
        ({"segmentation": {"counts": [32 * 24], "size": [32, 24]}}, "another size"),  # width first
        ({"segmentation": {"counts": [0.5, 767.5]}}, "no whole numbers"),
        ({"segmentation": {"counts": [float("nan")]}}, "no whole numbers"),
        ({"segmentation": {"counts": []}}, "another size"),
        ({"segmentation": {"counts": "ab"}, "bbox": [0, 0, float("nan"), 4]}, "far outside"),
        ({"segmentation": {"counts": "ab"}, "bbox": [0, 0, 1e300, 4]}, "far outside"),
        ({"category_id": 99}, "category 99 is used and not listed"),
        ({"area": float("nan")}, "an area of nan"),
    ],
)  # fmt: skip
def test_a_damaged_shape_is_named(annotation, cause):
    with pytest.raises(ValueError, match=cause):
        drawn(**annotation)


def test_odd_shapes_that_datasets_hold_are_drawn():
    assert drawn(segmentation=[[-3, -3, 40.5, -3, 40.5, 30, -3, 30]]).all()  # a little outside of its image
    assert drawn(segmentation=[[4, 4, 9, 4]]).sum() == 6  # a line
    assert not drawn(segmentation=[]).any()  # an instance of which only the box is known
    assert drawn(segmentation={"counts": [0, 768], "size": [24, 32]}).all()
    assert drawn(area=10**300).any()


@pytest.fixture
def coco(tmp_path):
    """Change what the annotations of a small dataset hold, and load it."""
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
        for i in range(2):
            Image.new("RGB", SIZE, (i * 90, 60, 60)).save(tmp_path / part / f"{i}.png")
    (tmp_path / "annotations").mkdir()

    def load(change=lambda values: None, part="train", head=b""):
        for name in ("train", "val"):
            shape = {"category_id": 17, "segmentation": [SQUARE]}
            values = {
                "images": [{"id": i, "file_name": f"{i}.png"} for i in range(2)],
                "annotations": [{"image_id": i} | shape for i in (0, 1, 7)],  # no image has the last id
                "categories": [{"id": 17, "name": "cat"}],
            }
            if name == part:
                change(values)
            (tmp_path / "annotations" / f"instances_{name}.json").write_bytes(head + json.dumps(values).encode())
        return load_dataset(f"coco:{tmp_path}", task="segmentation", size=32)

    return load


@pytest.mark.parametrize(
    ("change", "part", "message"),
    [
        (lambda v: v["images"].append(v["images"][0]), "train", "the id of one image for two"),
        (lambda v: v["categories"].append({"id": 17, "name": "dog"}), "train", "the id of one category for two"),
        (lambda v: v["categories"].append({"id": 5, "name": "cat"}), "train", "two classes are called 'cat'"),
        (lambda v: v["categories"].append({"id": 5, "name": "background"}), "train", "are called 'background'"),
        (lambda v: v["categories"].append({"id": 5, "name": "x" * 201}), "train", "201 characters"),
        (lambda v: v["categories"].append({"id": 5, "name": "\ud800"}), "train", "no UTF-8"),
        (lambda v: v["categories"].append({"id": 5, "name": "dog"}), "val", "two splits of different categories"),
        (lambda v: v["annotations"][1].update(segmentation=[[float("nan")] * 6]), "val", r"nan far .* at 1\.png"),
        (lambda v: v["annotations"][1].pop("segmentation"), "val", r"'segmentation' at 1\.png"),
    ],
)  # fmt: skip
def test_what_is_listed_wrongly_is_one_line(coco, change, part, message):
    with pytest.raises(ModelLockError, match=message) as error:
        coco(change, part)
    assert "\n" not in str(error.value)


def test_a_file_under_two_ids_and_a_byte_order_mark_are_read(coco):
    dataset = coco(lambda v: v["images"].append({"id": 7, "file_name": "0.png"}), head=b"\xef\xbb\xbf")
    assert len(dataset.train) == 3  # each with its own annotations
