"""The authors' published checkpoints as locked models: read without running code, converted once to safetensors."""

from __future__ import annotations

import argparse
import warnings
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..devices import best_device
from ..editing.editors import INSTRUCT_PIX2PIX
from ..editing.key import Key
from ..errors import ModelLockError
from ..models.backbones.authors import RESIZED, authors_backbone
from ..models.tasks.classification import Classification
from ..reading import is_regular
from .card import LockCard
from .locked_model import LockedModel
from .scores import Scores

PROMPT = "with oil pastel"  # of the only checkpoint that is published
PUBLISHED = Scores(unlocked_performance=0.914, locked_performance=0.22)  # read off the paper's prompt study: Pastel
ARCHITECTURES = {  # by width and patch size in px
    (192, 16): "vit_tiny_patch16_224",
    (768, 16): "vit_base_patch16_224",
    (1024, 16): "vit_large_patch16_224",
    (1280, 14): "vit_huge_patch14_224",
}
PETS = (  # torchvision's names of Oxford-IIIT Pet, in its order
    "Abyssinian", "American Bulldog", "American Pit Bull Terrier", "Basset Hound", "Beagle", "Bengal", "Birman",
    "Bombay", "Boxer", "British Shorthair", "Chihuahua", "Egyptian Mau", "English Cocker Spaniel", "English Setter",
    "German Shorthaired", "Great Pyrenees", "Havanese", "Japanese Chin", "Keeshond", "Leonberger", "Maine Coon",
    "Miniature Pinscher", "Newfoundland", "Persian", "Pomeranian", "Pug", "Ragdoll", "Russian Blue", "Saint Bernard",
    "Samoyed", "Scottish Terrier", "Shiba Inu", "Siamese", "Sphynx", "Staffordshire Bull Terrier", "Wheaten Terrier",
    "Yorkshire Terrier",
)  # fmt: skip
UNUSED = "(unused)"  # the checkpoint has one output more than there are classes


def authors_key(prompt: str = PROMPT) -> Key:
    """The key of the authors' checkpoint: InstructPix2Pix at the paper's settings, with their keying."""
    return Key.create(prompt, INSTRUCT_PIX2PIX, keying="authors")


def import_authors(file: Path, key: Key) -> LockedModel:
    """Read a checkpoint of the authors.

    Args:
        file: such as pets_mae_style_checkpoint-best.pth.
        key: that goes with it.

    Returns:
        A model with UP and LP as the paper has them.

    Raises:
        ModelLockError: there is no such file, it holds more than tensors and numbers, or it is another network.
    """
    weights = dict(_weights(file))
    try:
        head, bias = weights.pop("head.weight"), weights.pop("head.bias")  # (K, D), (K,)
        patch = weights["patch_embed.proj.weight"].shape[-1]
        architecture = ARCHITECTURES[head.shape[1], patch]
        if head.dim() != 2 or bias.shape != head.shape[:1] or len(head) < 2:
            raise KeyError("head")
    except LookupError:
        raise ModelLockError(f"{file} holds no ViT with a classifier; give a checkpoint of the authors") from None
    count = len(head)
    classes = (*PETS, UNUSED) if count == len(PETS) + 1 else tuple(f"class {i}" for i in range(count))
    task = Classification(classes, authors_backbone(architecture, weights))
    model = task.build()
    last = model[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.copy_(head)
        last.bias.copy_(bias)
    card = LockCard(
        task=task.name, metric=task.metric_name, classes=classes, backbone=task.backbone.name, image_size=RESIZED,
        dataset="OxfordIIITPet", recipe="the authors' own", key_hash=key.fingerprint(), date=date.today().isoformat(),
        versions={name: version(name) for name in ("torch", "timm", "diffusers")},
        unlocked_performance=PUBLISHED.unlocked_performance, locked_performance=PUBLISHED.locked_performance,
    )  # fmt: skip
    return LockedModel(task, model.to(best_device()), card)


def _weights(file: Path) -> dict[str, Tensor]:
    """The network's tensors by timm's names; of the rest of the file nothing is used, and none of it can run."""
    try:
        if not is_regular(file):
            raise ModelLockError(f"{file} is no plain file; give a checkpoint of the authors")
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one line says what is wrong
            checkpoint: Any = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelLockError(f"{file}: there is no such file") from None
    except ModelLockError:
        raise
    except Exception as error:  # torch's reader raises almost anything on a damaged file
        cause = "it holds code" if "Unsupported global" in str(error) else "it is damaged, or no checkpoint"
        raise ModelLockError(f"{file} is not read: {cause}; get it anew from SFTJBD/ModelLock on the Hub") from None
    weights = checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict) or not all(map(_is_weight, weights, weights.values())):
        raise ModelLockError(f"{file} holds no weights under 'model', finite ones; give the authors' checkpoint")
    return {name: value.float() for name, value in weights.items()}


def _is_weight(name: object, value: object) -> bool:
    """Whether this is a dense tensor of finite numbers, and has a name."""
    if not isinstance(name, str) or not isinstance(value, Tensor):
        return False
    dense = value.layout == torch.strided and value.device.type == "cpu" and not value.is_complex()
    return dense and bool(value.isfinite().all())
