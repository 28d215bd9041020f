"""The artefact of a lock: weights, and a card of what is public about them. The key is never in it.

End of the pipe: `evaluation.py`, the app and the command line ask it for predictions.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from .devices import best_device
from .errors import ModelLockError
from .keys import Key
from .tasks import Task, load_task

FORMAT = 2
BATCH = 16  # images a network call; the activations of more take the allocator longer than the network
MAX_IMAGE_SIZE = 1024  # px; a card from elsewhere is not to fill the memory


@dataclass
class LockedModel:
    """A locked model.

    Attributes:
        task: what it predicts.
        model: the network, in eval mode.
        card: what is public: task, classes, backbone, image size, performances, date, versions, key check.
    """

    task: Task
    model: nn.Module
    card: dict

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.task.classes

    @property
    def image_size(self) -> int:
        """Side in px of the images it was trained on."""
        return self.card["image_size"]

    @torch.inference_mode()
    def predict(self, images: Tensor) -> Tensor:
        """Class probabilities (N, K) of images (N, 3, H, W) in [0, 1]."""
        return torch.cat([outputs(self.task, self.model, chunk) for chunk in images.split(BATCH)]).softmax(1)

    def belongs_to(self, key: Key) -> bool:
        """Whether this is the key that locked the model."""
        check = self.card["key_check"]
        return hmac.compare_digest(key.fingerprint(check["salt"])["hash"], check["hash"])

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors` (fp16) and `card.json`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = {k: v.half() if v.is_floating_point() else v for k, v in self.model.state_dict().items()}
        save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors")
        (folder / "card.json").write_text(json.dumps(self.card, indent=2) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> LockedModel:
        """Read a folder written by `save`.

        Raises:
            ModelLockError: the folder is missing, damaged or of a newer format.
        """
        folder = Path(folder)
        try:
            card = json.loads((folder / "card.json").read_text())
            weights = load_file(folder / "model.safetensors")
        except (FileNotFoundError, NotADirectoryError):
            raise ModelLockError(f"{folder} holds no locked model; it needs model.safetensors and card.json") from None
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError):
            raise ModelLockError(f"{folder} is damaged: its card or weights can't be read; download it again") from None
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            raise ModelLockError(f"{folder}: the lock card is not of format {FORMAT}; lock again with this version")
        try:
            task = load_task(card["task"], tuple(card["classes"]))
            model = task.build(pretrained=False)
            model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
            check_public(card)
        except (KeyError, TypeError, ValueError, RuntimeError):
            raise ModelLockError(f"{folder} is damaged: card and weights don't fit; download it again") from None
        return cls(task, model.eval().to(best_device()), card)


def check_public(card: dict) -> None:
    """Raise KeyError, TypeError or ValueError if what a card says would break its readers later."""
    if card["image_size"] not in range(32, MAX_IMAGE_SIZE + 1):
        raise ValueError(f"image size {card['image_size']}")
    bytes.fromhex(card["key_check"]["salt"]), bytes.fromhex(card["key_check"]["hash"])


def outputs(task: Task, model: nn.Module, images: Tensor) -> Tensor:
    """The model's outputs on images in [0, 1], computed on the model's device."""
    device = next(model.parameters()).device
    return model(task.normalise(images.to(device))).to(images.device)
