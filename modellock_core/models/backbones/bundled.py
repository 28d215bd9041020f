"""The bundled EfficientNet-Lite0 of timm, whose ImageNet weights lie in assets/backbone."""

from __future__ import annotations

import json

from ...paths import BACKBONE
from . import DEFAULT_BACKBONE
from .cutting import NetworkBackbone
from .timm_backbone import timm_folder


def bundled_backbone() -> NetworkBackbone:
    """Stem, 16 inverted residual blocks, and features (N, 1280); works offline."""
    config = json.loads((BACKBONE / "config.json").read_text())
    data = config.get("pretrained_cfg", config)
    return timm_folder(BACKBONE, DEFAULT_BACKBONE, config["architecture"], mean=data["mean"], std=data["std"])
