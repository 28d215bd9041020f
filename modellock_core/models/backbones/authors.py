"""The network of the authors' published checkpoints: MAE's ViT, made with timm 0.6, which normalises features twice.

`locking/authors.py` converts a checkpoint; this is what it and the converted model are built of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn
from torchvision.transforms.v2.functional import center_crop

from ...data.images import resized
from ...errors import ModelLockError
from .cutting import NetworkBackbone, in_one_line, plan
from .timm_backbone import parameter_groups, with_last_block

PREFIX = "authors:"
SIZE, RESIZED = 224, 256  # px, of the crop, and of the short side that it is cut from


@dataclass(frozen=True)
class CroppedBackbone(NetworkBackbone):
    """A backbone that sees the centre of an image, as in the authors' evaluation code."""

    def normalise(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], short side to 256 px, centre cut to 224 px, with ImageNet's mean and std."""
        height, width = images.shape[-2:]
        scale = RESIZED / min(height, width)
        images = resized(images, (round(height * scale), round(width * scale)))
        return super().normalise(center_crop(images, [SIZE, SIZE]))


def authors_backbone(architecture: str, weights: Mapping[str, Tensor] | None = None) -> NetworkBackbone:
    """MAE's ViT with mean pooling and a doubled `fc_norm`.

    Args:
        architecture: in timm, such as "vit_base_patch16_224".
        weights: of a checkpoint, by timm's names and without a classifier's; None for a converted model, which has
            its own.

    Raises:
        ModelLockError: timm has no such network, or the weights don't fit it.
    """

    def create() -> nn.Module:
        try:
            network: Any = timm.create_model(architecture, num_classes=0, global_pool="avg").eval()
        except (RuntimeError, ValueError, TypeError) as error:
            raise ModelLockError(f"timm cannot make the model {architecture!r} ({in_one_line(error)})") from None
        return network

    def doubled(network: Any) -> nn.Module:
        network.fc_norm = nn.Sequential(network.fc_norm, network.fc_norm)
        return network

    def load(pretrained: bool) -> nn.Module:
        network = create()
        if pretrained:
            if weights is None:
                raise ModelLockError(f"{PREFIX}{architecture} has no weights of its own; use timm:{architecture}.mae")
            try:
                network.load_state_dict(dict(weights))
            except RuntimeError as error:
                raise ModelLockError(f"the checkpoint is no {architecture} ({in_one_line(error)[:200]})") from None
        return with_last_block(doubled(network))

    with torch.device("meta"):
        skeleton = doubled(create())
    cuts = plan(with_last_block(skeleton), SIZE, parameter_groups(skeleton), fixed_size=True)
    name = f"{PREFIX}{architecture}"
    return CroppedBackbone(name, SIZE, IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, cuts, load)
