"""Backbones from timm: pretrained ones by name, and local folders in timm's format (`timm.models.save_for_hf`)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import timm
import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.data import resolve_model_data_config
from timm.models import group_parameters
from torch import Tensor, nn

from ...errors import ModelLockError
from .cutting import NetworkBackbone, in_one_line, plan

WEIGHTS = "model.safetensors"


def timm_backbone(name: str) -> NetworkBackbone:
    """A pretrained network by its name in timm, such as "resnet18" or "vit_tiny_patch16_224.augreg_in21k".

    Raises:
        ModelLockError: timm has no such network, or it cannot be cut into blocks.
    """
    architecture = name.partition(".")[0]
    if not timm.is_model(architecture):
        near = get_close_matches(architecture, timm.list_models(), n=3)
        raise ModelLockError(
            f"timm has no model {name!r}" + (f"; did you mean {', '.join(near)}?" if near else "; see timm.list_models")
        )

    def load(pretrained: bool) -> nn.Module:
        if not pretrained:
            return _create(name)
        return _create(name, pretrained=True, pretrained_cfg_overlay={"file": _download(name)})

    return _backbone(f"timm:{name}", lambda: _create(name), load)


def timm_folder(folder: Path, name: str = "", architecture: str = "", **overlay: Any) -> NetworkBackbone:
    """A network from a local folder with config.json and model.safetensors.

    Args:
        folder: where the files lie.
        name: of the backbone; the folder by default.
        architecture: in timm; what config.json says by default.
        overlay: what replaces fields of timm's own data config, such as `mean`.

    Raises:
        ModelLockError: the folder is damaged, or the network cannot be cut into blocks.
    """
    model_name = architecture or f"local-dir:{folder}"
    arguments: dict[str, Any] = {"pretrained_cfg_overlay": overlay} if overlay else {}

    def load(pretrained: bool) -> nn.Module:
        network = _create(model_name, **arguments)
        if pretrained:
            _load_weights(network, folder / WEIGHTS)
        return network

    return _backbone(name or str(folder), lambda: _create(model_name, **arguments), load)


class _WithLastBlock(nn.Module):
    """A network of timm's that gives what its blocks and what its pooling put out."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network: Any = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, 3, H, W) to the last feature maps or tokens, and to features (N, D)."""
        last = self.network.forward_features(images)
        return last, self.network.forward_head(last)


def with_last_block(network: nn.Module) -> nn.Module:
    """A network of timm's that gives both what its last block and what its pooling put out, in eval mode."""
    return _WithLastBlock(network).eval()


def _backbone(name: str, skeleton: Callable[[], nn.Module], load: Callable[[bool], nn.Module]) -> NetworkBackbone:
    with torch.device("meta"):
        network = skeleton()
    try:
        config = resolve_model_data_config(network)
        size = config["input_size"][-1]
        mean, std = (tuple(torch.tensor(config[key]).reshape(-1).tolist()) for key in ("mean", "std"))
    except (AssertionError, TypeError, ValueError) as error:
        raise ModelLockError(f"{name!r} has damaged settings of its images in config.json; copy it anew") from error
    fixed = bool(getattr(network, "pretrained_cfg", {}).get("fixed_input_size"))
    cuts = plan(with_last_block(network), size, parameter_groups(network), fixed)
    return NetworkBackbone(name, size, mean, std, cuts, lambda pretrained: with_last_block(load(pretrained)))


def _create(model_name: str, **arguments: Any) -> nn.Module:
    """timm's model without a classifier, in eval mode."""
    try:
        return timm.create_model(model_name, num_classes=0, **arguments).eval()
    except (
        RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError, OSError, SafetensorError
    ) as error:  # fmt: skip
        raise ModelLockError(
            f"timm cannot make the model {model_name!r} ({in_one_line(error)}); check its name or its config.json"
        ) from error


def parameter_groups(network: nn.Module) -> Mapping[str, Hashable] | None:
    """Of each parameter its block, as timm groups them, by its name in `with_last_block`; None where timm has none."""
    matcher: Any = getattr(network, "group_matcher", None)
    if matcher is None:
        return None
    groups = group_parameters(network, matcher(coarse=False), reverse=True)
    return {f"network.{name}": group for name, group in groups.items()}


def _download(name: str) -> str:
    """The path of a pretrained network's weights, which timm's hub has as safetensors."""
    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        raise ModelLockError(f"timm has no pretrained weights for {name!r}; choose one of timm.list_pretrained()")
    try:
        return hf_hub_download(config.hf_hub_id, WEIGHTS)
    except LocalEntryNotFoundError as error:
        raise ModelLockError(
            f"the weights of {name!r} are not on this machine and huggingface.co cannot be reached; connect once, "
            "or give a local folder"
        ) from error
    except EntryNotFoundError as error:
        raise ModelLockError(f"{config.hf_hub_id} has no {WEIGHTS}; choose another model") from error
    except (HfHubHTTPError, OSError) as error:
        raise ModelLockError(
            f"the weights of {name!r} cannot be downloaded ({in_one_line(error)}); try again later"
        ) from error


def _load_weights(network: nn.Module, path: Path) -> None:
    """Load weights of any precision; those of a classifier are left out."""
    if not path.is_file():
        raise ModelLockError(f"{path} is not there; save the model with safe_serialization=True")
    try:
        missing = network.load_state_dict(load_file(path), strict=False).missing_keys
    except (RuntimeError, SafetensorError, OSError) as error:
        raise ModelLockError(
            f"{path} does not fit its config.json or is damaged ({in_one_line(error)}); copy it anew"
        ) from error
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing:
        raise ModelLockError(f"{path} lacks {len(missing)} tensors such as {missing[0]}; copy it anew")
