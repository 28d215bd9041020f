"""Running a model on images, in batches of bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from .tasks import Task


BATCH = 16  # images a network call; the activations of more take the allocator longer than the network


def outputs(task: Task, model: nn.Module, images: Tensor) -> Tensor:
    """What a model, or its first modules, make of images (N, 3, H, W) in [0, 1]; computed on the model's device."""
    device = next(model.parameters(), images).device  # where nothing is frozen, the first modules are none
    return model(task.backbone.normalise(images.to(device))).to(images.device)
