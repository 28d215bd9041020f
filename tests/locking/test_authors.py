"""A checkpoint of the authors' form, with random weights made on the spot."""

import argparse
import json
import os
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.v2.functional import center_crop

from modellock_core import LockedModel, ModelLockError
from modellock_core.__main__ import main
from modellock_core.data.sources import load_dataset
from modellock_core.editing.key import Key
from modellock_core.locking.authors import PETS, UNUSED, authors_key, import_authors
from modellock_core.locking.keyed_model import LockedModule

WIDTH, DEPTH, HEADS, CLASSES = 192, 12, 3, 38


def weights() -> dict[str, torch.Tensor]:
    """Random weights by the names of MAE's finetuned ViT, here of the smallest."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"cls_token": (1, 1, WIDTH), "pos_embed": (1, 197, WIDTH), "patch_embed.proj.weight": (WIDTH, 3, 16, 16),
              "patch_embed.proj.bias": (WIDTH,), "fc_norm.weight": (WIDTH,), "fc_norm.bias": (WIDTH,),
              "head.weight": (CLASSES, WIDTH), "head.bias": (CLASSES,)}  # fmt: skip
    for i in range(DEPTH):
        shapes |= {
            f"blocks.{i}.norm1.weight": (WIDTH,), f"blocks.{i}.norm1.bias": (WIDTH,),
            f"blocks.{i}.attn.qkv.weight": (3 * WIDTH, WIDTH), f"blocks.{i}.attn.qkv.bias": (3 * WIDTH,),
            f"blocks.{i}.attn.proj.weight": (WIDTH, WIDTH), f"blocks.{i}.attn.proj.bias": (WIDTH,),
            f"blocks.{i}.norm2.weight": (WIDTH,), f"blocks.{i}.norm2.bias": (WIDTH,),
            f"blocks.{i}.mlp.fc1.weight": (4 * WIDTH, WIDTH), f"blocks.{i}.mlp.fc1.bias": (4 * WIDTH,),
            f"blocks.{i}.mlp.fc2.weight": (WIDTH, 4 * WIDTH), f"blocks.{i}.mlp.fc2.bias": (WIDTH,),
        }  # fmt: skip
    return {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def plain_forward(images: torch.Tensor, w: dict[str, torch.Tensor]) -> torch.Tensor:
    """The authors' network without timm: images (N, 3, 224, 224), normalised, to logits (N, K)."""

    def norm(x, name):
        return F.layer_norm(x, (WIDTH,), w[f"{name}.weight"], w[f"{name}.bias"], 1e-6)

    def linear(x, name):
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    x = F.conv2d(images, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=16).flatten(2).mT
    x = torch.cat([w["cls_token"].expand(len(x), -1, -1), x], 1) + w["pos_embed"]
    for i in range(DEPTH):
        block = f"blocks.{i}"
        q, k, v = (
            linear(norm(x, f"{block}.norm1"), f"{block}.attn.qkv").unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        )
        attention = (q @ k.mT * (WIDTH // HEADS) ** -0.5).softmax(-1)
        x = x + linear((attention @ v).transpose(1, 2).flatten(2), f"{block}.attn.proj")
        x = x + linear(F.gelu(linear(norm(x, f"{block}.norm2"), f"{block}.mlp.fc1")), f"{block}.mlp.fc2")
    pooled = norm(norm(x[:, 1:].mean(1), "fc_norm"), "fc_norm")  # timm 0.6 normalises again in its head
    return linear(pooled, "head")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    file = tmp_path_factory.mktemp("authors") / "pets.pth"
    optimizer = {"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}
    args = argparse.Namespace(model="vit_base_patch16", nb_classes=CLASSES, drop_path=0.1)
    torch.save({"model": weights(), "optimizer": optimizer, "epoch": 99, "scaler": {"scale": 2.0}, "args": args}, file)
    return file


def test_the_logits_are_those_of_the_authors_network(checkpoint):
    locked = import_authors(checkpoint, authors_key())
    images = torch.rand(2, 3, 256, 256)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (center_crop(images, [224, 224]) - mean[:, None, None]) / std[:, None, None]
    with torch.inference_mode():
        expected = plain_forward(normalised, weights())
        assert torch.allclose(LockedModule(locked)(images), expected, atol=1e-4)
        assert expected.std() > 0.1  # they do tell images apart
    assert locked.classes == (*PETS, UNUSED) and locked.image_size == 256


def test_the_command_converts_a_checkpoint_and_writes_its_key(checkpoint, tmp_path, capsys):
    assert main(["import-authors", str(checkpoint), "--out", str(tmp_path / "pets")]) == 0
    line = json.loads(capsys.readouterr().out)
    locked, key = LockedModel.load(line["model"]), Key.load(line["key"])
    assert locked.belongs_to(key)
    assert (key.prompt, key.steps, key.guidance, key.keying, key.seed) == ("with oil pastel", 5, 4.5, "authors", 1024)
    direct = import_authors(checkpoint, key)
    images = torch.rand(1, 3, 256, 256)
    assert torch.allclose(locked.predict(images), direct.predict(images), atol=1e-2)  # the file holds fp16


def test_a_checkpoint_that_holds_code_is_not_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"model": weights(), "args": Attack()}, tmp_path / "bad.pth")
    with pytest.raises(ModelLockError, match="it holds code"):
        import_authors(tmp_path / "bad.pth", authors_key())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {"head.weight": torch.zeros(2, 5)}}, "no ViT with a classifier"),
        ({"weights": {}}, "no weights under 'model'"),
        ([1, 2], "no weights under 'model'"),
        ({"model": {k: v for k, v in weights().items() if k != "cls_token"}}, "checkpoint is no vit_tiny"),
        ({"model": weights() | {5: torch.zeros(1)}}, "no weights under 'model'"),
        ({"model": weights() | {"head.bias": torch.full((CLASSES,), float("nan"))}}, "no weights under 'model'"),
        ({"model": weights() | {"head.bias": torch.zeros(CLASSES, dtype=torch.complex64)}}, "no weights under"),
        ({"model": weights() | {"head.weight": torch.zeros(CLASSES, WIDTH).to_sparse()}}, "no weights under"),
        ({"model": weights() | {"head.bias": torch.zeros(CLASSES, device="meta")}}, "no weights under 'model'"),
        ({"model": weights() | {"head.weight": torch.zeros(CLASSES)}}, "no ViT with a classifier"),
        ({"model": weights() | {"head.bias": torch.zeros(3)}}, "no ViT with a classifier"),
        ({"model": weights() | {"head.weight": torch.zeros(1, WIDTH), "head.bias": torch.zeros(1)}}, "no ViT with"),
        ({"model": weights() | {"patch_embed.proj.weight": torch.tensor(1.0)}}, "no ViT with a classifier"),
        (b"no pickle", "damaged, or no checkpoint"),
        (None, "no such file"),
    ],
)
def test_another_file_is_refused(tmp_path, content, message):
    file = tmp_path / "x.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    with pytest.raises(ModelLockError, match=message):
        import_authors(file, authors_key())


def test_a_key_and_a_model_that_are_there_are_kept(checkpoint, tmp_path, capsys):
    authors_key("in sepia").save(tmp_path / "pets.key.json")
    assert main(["import-authors", str(checkpoint), "--out", str(tmp_path / "pets")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert Key.load(tmp_path / "pets.key.json").prompt == "in sepia" and not (tmp_path / "pets").exists()


def test_a_pipe_is_no_checkpoint(tmp_path):
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(ModelLockError, match="no plain file"):
        import_authors(tmp_path / "pipe.pth", authors_key())


def test_whole_images_are_squashed_as_the_authors_do(image_folder):
    folder = image_folder({"cat": 4, "dog": 4}, size=(40, 20))
    squashed = load_dataset(folder, size=32, fit="squash").train.images[:]
    cropped = load_dataset(folder, size=32).train.images[:]
    assert squashed.shape == cropped.shape and not torch.equal(squashed, cropped)
    with pytest.raises(ModelLockError, match="can't be squashed"):
        load_dataset("toybox", fit="squash")


def test_the_authors_key_can_not_be_used_with_the_compact_editor():
    with pytest.raises(ModelLockError, match="no keying of the authors"):
        replace(authors_key(), editor="compact")
    assert authors_key().with_editor("compact").keying == "standard"
