"""Backbones from transformers: image classification models by name on the Hub or in a local folder.

What is assumed of such a model: its answer has `logits`, its last linear layer of `num_labels` outputs is the
classifier, and its blocks stand in lists.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification, PretrainedConfig

from ...errors import ModelLockError
from .cutting import NetworkBackbone, in_one_line, plan

# where it is not said, transformers asks on the terminal whether it may run a model's own code
NO_CODE: dict[str, Any] = {"trust_remote_code": False}


def transformers_backbone(source: str, name: str) -> NetworkBackbone:
    """An image classification model without its classifier.

    Args:
        source: a model's name on the Hub, or a local folder.
        name: of the backbone.

    Raises:
        ModelLockError: there is no such model, it is no image classifier, or it cannot be cut into blocks.
    """
    try:
        config = AutoConfig.from_pretrained(source, **NO_CODE)
        processor = AutoImageProcessor.from_pretrained(source, **NO_CODE)
        with torch.device("meta"):
            skeleton = _Features(AutoModelForImageClassification.from_config(config, **NO_CODE))
        size = _side(processor.size)
        plain = not getattr(processor, "do_normalize", True)
        mean, std = ((0.0,), (1.0,)) if plain else (tuple(processor.image_mean), tuple(processor.image_std))
    except Exception as error:  # the library has no error of its own that all its failures share
        raise ModelLockError(
            f"{source!r} is no image classification model that transformers can load ({in_one_line(error)}); "
            "check the name, the connection, or the folder"
        ) from error
    return NetworkBackbone(
        name, size, mean, std, plan(skeleton.eval(), size), lambda pretrained: _load(source, config, pretrained)
    )


class _Features(nn.Module):
    """An image classification model without its classifier."""

    def __init__(self, model: nn.Module):
        super().__init__()
        config = model.config
        assert isinstance(config, PretrainedConfig)
        linear = [name for name, module in model.named_modules() if _is_classifier(module, config.num_labels)]
        if not linear:
            raise ValueError("it has no linear classifier")
        model.set_submodule(linear[-1], nn.Identity())
        self.network = model

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to features (N, D)."""
        features: Tensor = self.network(pixel_values=images).logits
        return features


def _is_classifier(module: nn.Module, num_labels: int) -> bool:
    return isinstance(module, nn.Linear) and module.out_features == num_labels


def _load(source: str, config: PretrainedConfig, pretrained: bool) -> nn.Module:
    """The network in eval mode, fp32."""
    if not pretrained:
        return _Features(AutoModelForImageClassification.from_config(config, **NO_CODE)).eval()
    try:
        model, info = AutoModelForImageClassification.from_pretrained(
            source, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **NO_CODE
        )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelLockError(
            f"the weights of {source!r} cannot be loaded ({in_one_line(error)}); it must have model.safetensors"
        ) from error
    missing = [key for key in info["missing_keys"] if not key.startswith("classifier")]
    if missing:
        raise ModelLockError(f"the weights of {source!r} lack {len(missing)} tensors such as {missing[0]}")
    return _Features(model).eval()


def _side(size: dict[str, int]) -> int:
    """The side of the images in px, from an image processor's `size`."""
    return size.get("height") or size.get("shortest_edge") or size["longest_edge"]
