"""The artefact of a lock: weights, and a card of what is public about them. The key is never in it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..devices import best_device
from ..editing.key import Key
from ..errors import ModelLockError
from ..models.backbones import load_backbone
from ..models.inference import BATCH, outputs
from ..models.tasks import Task, load_task
from .card import LockCard

WEIGHTS, CARD = "model.safetensors", "card.json"


@dataclass(frozen=True)
class LockedModel:
    """A locked model.

    Attributes:
        task: what it predicts.
        model: the network, in eval mode.
        card: what is public of it.
    """

    task: Task
    model: nn.Sequential
    card: LockCard

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.task.classes

    @property
    def image_size(self) -> int:
        """Side in px of the images it was trained on."""
        return self.card.image_size

    @torch.inference_mode()
    def predict(self, images: Tensor) -> Tensor:
        """Class probabilities (N, K, ...) of images (N, 3, H, W) in [0, 1]; `task.prediction` says what they mean."""
        return torch.cat([outputs(self.task, self.model, chunk) for chunk in images.split(BATCH)]).softmax(1)

    def belongs_to(self, key: Key) -> bool:
        """Whether this is the key that locked the model."""
        return hmac.compare_digest(key.fingerprint(), self.card.key_hash)

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors` (fp16) and `card.json`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {k: v.half() if v.is_floating_point() else v for k, v in self.model.state_dict().items()}
        save_file({k: v.contiguous() for k, v in weights.items()}, folder / WEIGHTS)
        self.card.save(folder / CARD)

    @classmethod
    def load(cls, folder: str | Path) -> LockedModel:
        """Read a folder written by `save`.

        Raises:
            ModelLockError: the folder is missing, damaged or of another format.
        """
        folder = Path(folder)
        try:
            card = LockCard.load(folder / CARD)
            weights = load_file(folder / WEIGHTS)
        except (FileNotFoundError, NotADirectoryError):
            raise ModelLockError(f"{folder} holds no locked model; it needs {WEIGHTS} and {CARD}") from None
        except (OSError, SafetensorError):
            raise ModelLockError(f"{folder} is damaged: its card or weights can't be read; get it again") from None
        try:
            task = load_task(card.task, card.classes, load_backbone(card.backbone))
            model = task.build(pretrained=False)
        except ModelLockError as error:
            raise ModelLockError(f"{folder} was locked with the backbone {card.backbone!r}: {error}") from None
        try:
            model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
        except RuntimeError:
            raise ModelLockError(f"{folder} is damaged: card and weights don't fit; get it again") from None
        return cls(task, model.eval().to(best_device()), card)
