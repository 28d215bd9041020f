"""Running a model on images, in batches of bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from .tasks import Task


def outputs(task: Task, model: nn.Module, images: Tensor) -> Tensor:
    """What a model, or its first modules, make of images (N, 3, H, W) in [0, 1]; computed on the model's device."""
    device = next(model.parameters(), images).device  # where nothing is frozen, the first modules are none
    return model(task.backbone.normalise(images.to(device))).to(images.device)


def channels_second(activations: Tensor) -> Tensor:
    """What any block puts out of square images, as (N, C, ...) with at least one position.

    Args:
        activations: maps (N, C, h, w) or, as Swin's are, (N, h, w, C); tokens (N, T, C); features (N, C).
    """
    if activations.dim() == 2:
        return activations[..., None]
    height, width = activations.shape[1:3]
    if activations.dim() == 3 or (height == width != activations.shape[3]):
        return activations.movedim(-1, 1)
    return activations
