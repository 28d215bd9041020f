"""Locked models as parts of other programs: torch modules that take images in [0, 1], and exported graphs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ..editing.editors import Editor, load_editor
from ..editing.key import Key, apply_key
from ..errors import ModelLockError, first_line
from ..writing import file_being_written
from .locked_model import LockedModel


class LockedModule(nn.Module):
    """A locked model as a plain module: images (N, 3, H, W) in [0, 1] to logits (N, K, ...)."""

    def __init__(self, locked: LockedModel):
        super().__init__()
        self.network, self.backbone = locked.model, locked.task.backbone

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], on any device, to logits (N, K, ...) on the weights'."""
        device = next(self.network.parameters()).device
        logits: Tensor = self.network(self.backbone.normalise(images.to(device)))
        return logits


class KeyedModel(LockedModule):
    """A locked model with its key: it edits the images itself, and is then like any other classifier.

    Whoever has this object has the key: it is no artefact to pass on. The edit has no gradient.

    Example:
        >>> model = KeyedModel(LockedModel.load("locked"), Key.load("locked.key.json"))
        >>> model(images).softmax(1)  # images (N, 3, H, W) in [0, 1]

    Raises:
        ModelLockError: the key is another model's.
    """

    def __init__(self, locked: LockedModel, key: Key, editor: Editor | None = None):
        if not isinstance(locked, LockedModel) or not isinstance(key, Key):
            raise ModelLockError("KeyedModel takes a LockedModel and a Key; read them with their load methods")
        if not locked.belongs_to(key):
            raise ModelLockError("this key did not lock this model; give the key file that was saved with it")
        super().__init__(locked.unsealed(key))
        self.key, self.editor = key, editor or load_editor(key.editor)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1], unedited, to logits (N, K, ...).

        Raises:
            ModelLockError: the images are of another shape, type or range.
        """
        _check_images(images)
        with torch.no_grad():
            keyed = apply_key(images, self.key, self.editor).clone()  # no inference tensor: weights may be trained
        return super().forward(keyed)


def _check_images(images: object) -> None:
    """See that these are images: others would be answered too, with nonsense."""
    if not isinstance(images, Tensor) or images.dim() != 4 or images.shape[1] != 3 or not images.numel():
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ModelLockError(f"images must be a tensor (N, 3, H, W), got {got}")
    low, high = -0.1, 1.1  # an image that was resized overshoots a little; NaN is in no range
    if not images.is_floating_point() or not low <= images.min() <= images.max() <= high:
        raise ModelLockError("images must be floating-point numbers from 0 to 1; divide grey levels by 255")


def export(locked: LockedModel, file: str | Path) -> None:
    """Write the locked model, without its key, as a graph of `torch.export` for any number of images.

    It takes keyed images (N, 3, S, S) in [0, 1] with S the model's image size, and needs no code of this package:
    `torch.export.load(file).module()(images)`.

    Raises:
        ModelLockError: the file can't be written, the network can't be exported, or its last layer is sealed.
    """
    if locked.sealed_layer is not None:
        raise ModelLockError("the last layer of this model is sealed; give its key file too")
    module = LockedModule(locked).eval()
    device = next(locked.model.parameters()).device
    example = torch.rand(2, 3, locked.image_size, locked.image_size, device=device)
    try:
        program = torch.export.export(module, (example,), dynamic_shapes={"images": {0: torch.export.Dim("batch")}})
    except Exception as error:  # torch.export fails in many ways on networks that it can't trace
        cause = first_line(error)
        raise ModelLockError(f"this network can't be exported ({cause}); use LockedModule in Python") from None
    with file_being_written(file) as place, place.open("wb") as opened:
        torch.export.save(program, opened)
