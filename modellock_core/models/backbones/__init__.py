"""Backbones: the only place that knows a network's layers. A model by name is one; another library is one new file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # so that the command line knows the default's name without loading torch
    from torch import Tensor, nn

from ...errors import ModelLockError
from ...reading import read_json, shortened

DEFAULT_BACKBONE = "tf_efficientnet_lite0"  # the bundled one


@dataclass(frozen=True)
class Tap:
    """Where a feature map can be read, for tasks that answer with masks.

    Attributes:
        block: index of the block whose output it is.
        channels: of the feature map.
        stride: px of the image to a pixel of the feature map.
    """

    block: int
    channels: int
    stride: int


@dataclass(frozen=True)
class Stages:
    """A network cut into a row of modules, each of which maps one tensor to one tensor.

    Attributes:
        blocks: normalised images (N, 3, H, W) go into the first; finest cut that the network allows.
        pool: what the last block puts out to features (N, feature_dim).
        feature_dim: of the pooled features.
        taps: the last block of each stride, finest first; empty where the network has no feature maps, or takes images
            of one size only.
    """

    blocks: tuple[nn.Module, ...]
    pool: nn.Module
    feature_dim: int
    taps: tuple[Tap, ...]


class Backbone(Protocol):
    """A pretrained network without its classifier.

    Attributes:
        name: what `load_backbone` takes.
        image_size: side in px that it was trained at.
    """

    @property
    def name(self) -> str: ...

    @property
    def image_size(self) -> int: ...

    def normalise(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1] with the mean and the standard deviation of the network's data config.

        They are resized to `image_size` only for networks that take no other size.
        """
        ...

    def stages(self, pretrained: bool = True) -> Stages:
        """A new network in eval mode, fp32, batch norms folded into convolutions; random weights if not pretrained."""
        ...


@lru_cache(maxsize=8)
def load_backbone(name: str = DEFAULT_BACKBONE) -> Backbone:
    """A backbone by name.

    Args:
        name: the bundled one's; "timm:NAME"; "transformers:NAME" of an image classification model; a local folder of
            either; or "authors:NAME", of the authors' checkpoints.

    Raises:
        ModelLockError: there is no such model, or it is no image classifier that can be cut into blocks.
    """
    # torch and the libraries are loaded only where a network is
    if name == DEFAULT_BACKBONE:
        from .bundled import bundled_backbone

        return bundled_backbone()
    library, _, model = name.partition(":")
    if library == "timm" and model:
        from .timm_backbone import timm_backbone

        return timm_backbone(model)
    if library == "transformers" and model:
        from .transformers_backbone import transformers_backbone

        return transformers_backbone(model, name)
    if library == "authors" and model:
        from .authors import authors_backbone

        return authors_backbone(model)
    if os.path.isdir(name):  # unlike pathlib's, it bears any name
        return _load_folder(Path(name))
    raise ModelLockError(
        f"there is no backbone {shortened(name)}; "
        f"give {DEFAULT_BACKBONE}, timm:NAME, transformers:NAME or a local folder"
    )


def _load_folder(folder: Path) -> Backbone:
    """A backbone from a folder of timm's or transformers' format."""
    try:
        config = read_json(folder / "config.json", "config.json")
    except (OSError, ValueError) as error:
        raise ModelLockError(
            f"{folder} has no readable config.json; give a folder that timm or transformers saved"
        ) from error
    if not isinstance(config, dict):
        raise ModelLockError(f"{folder / 'config.json'} names no model; give a folder that timm or transformers saved")
    if "architecture" in config:
        from .timm_backbone import timm_folder

        return timm_folder(folder)
    if "model_type" in config:
        from .transformers_backbone import transformers_backbone

        return transformers_backbone(str(folder), str(folder))
    raise ModelLockError(f"{folder / 'config.json'} names no model; give a folder that timm or transformers saved")
