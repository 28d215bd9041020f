"""Segmentation with a backbone of transformers: a tiny SegFormer, as it is published for masks."""

import json

import pytest
import torch
from transformers import (
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

from modellock_core import LockedModel, load_dataset
from modellock_core.__main__ import main
from modellock_core.editing.key import Key, apply_key
from modellock_core.models.backbones import load_backbone

SIZE = 64
COMMAND = (
    "lock", "--task", "segmentation", "--image-size", str(SIZE), "--max-train", "18", "--max-test", "9", "--recipe",
    "paper", "--no-baseline", "--prompt", "in sepia", "--steps", "1", "--size", str(SIZE),
)  # fmt: skip


@pytest.fixture
def segformer(tmp_path):
    """The folder of a tiny SegFormer with a decoder of its own."""
    torch.manual_seed(0)
    config = SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=8
    )
    SegformerForSemanticSegmentation(config).save_pretrained(tmp_path / "segformer")
    SegformerImageProcessor(size={"height": SIZE, "width": SIZE}).save_pretrained(tmp_path / "segformer")
    return str(tmp_path / "segformer")


@pytest.mark.slow
def test_a_segformer_is_locked_and_opened_from_the_command_line(segformer, tmp_path, capsys):
    name = f"transformers:{segformer}"
    assert [tap.stride for tap in load_backbone(name).stages(pretrained=False).taps] == [4, 8, 16, 32]
    assert main([*COMMAND, "--backbone", name, "--out", str(tmp_path / "locked")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["metric"] == "mean IoU" and 0 <= report["unlocked_performance"] <= 1
    key = Key.load(report["key"])
    locked = LockedModel.load(tmp_path / "locked").unsealed(key)
    images = load_dataset("toybox", task="segmentation", size=SIZE).limited(2, 2).test.images[:]
    masks = locked.predict(apply_key(images, key))
    assert masks.shape == (2, len(locked.classes), SIZE, SIZE) and torch.allclose(
        masks.sum(1), torch.ones(2, SIZE, SIZE)
    )


def test_a_transformer_without_feature_maps_is_one_line(tmp_path, capsys):
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, image_size=SIZE
    )
    ViTForImageClassification(config).save_pretrained(tmp_path / "vit")
    ViTImageProcessor(size={"height": SIZE, "width": SIZE}).save_pretrained(tmp_path / "vit")
    command = [*COMMAND, "--backbone", f"transformers:{tmp_path / 'vit'}", "--out", str(tmp_path / "locked")]
    assert main(command) == 2
    assert "segmentation needs feature maps of stride 8, 16 and 32" in capsys.readouterr().err.splitlines()[-1]
