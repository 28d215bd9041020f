"""The artefact of a lock: weights, and a card of what is public about them. The key is never in it."""

from __future__ import annotations

import copy
import hmac
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..devices import best_device, inference_batch
from ..editing.key import Key
from ..errors import ModelLockError
from ..models.backbones import load_backbone
from ..models.inference import outputs
from ..models.tasks import Task, load_task
from ..reading import shortened
from ..writing import folder_being_written
from .card import LockCard
from .hub_models import lock_folder, push_to_hub
from .lock_files import CARD, LOCK_FILES, MODEL_CARD, WEIGHTS
from .model_card import model_card
from .seal import new_nonce, sealed, unsealed
from .stored_weights import StoredTensor, check_stored, shapes_of, wanted_of

SEALED = "sealed."  # begins the names of encrypted weights


@dataclass(frozen=True)
class LockedModel:
    """A locked model.

    Attributes:
        task: what it predicts.
        model: the network, in eval mode.
        card: what is public of it.
        sealed_layer: the encrypted weights of its last layer, see `seal.py`, where it came out of a file without its
            key; the network has a new one then, drawn at random.
    """

    task: Task
    model: nn.Sequential
    card: LockCard
    sealed_layer: Mapping[str, Tensor] | None = None

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
        """Class probabilities (N, K, ...) of images (N, 3, H, W) in [0, 1]; `task.prediction` says what they mean.

        Warns where the last layer is sealed: one drawn at random answers in its place.
        """
        if self.sealed_layer is not None:
            warnings.warn(
                "the last layer is sealed and these answers are noise; see LockedModel.unsealed", stacklevel=2
            )
        chunks = images.split(inference_batch())
        return torch.cat([outputs(self.task, self.model, chunk) for chunk in chunks]).softmax(1)

    def belongs_to(self, key: Key) -> bool:
        """Whether this is the key that locked the model."""
        return hmac.compare_digest(key.fingerprint(), self.card.key_hash)

    def unsealed(self, key: Key) -> LockedModel:
        """The model with its own last layer; itself if that is not sealed.

        Raises:
            ModelLockError: the key is another model's, or the layer is damaged.
        """
        if self.sealed_layer is None:
            return self
        if not self.belongs_to(key):
            raise ModelLockError("this key did not lock this model, and can't open its sealed last layer")
        assert self.card.seal is not None
        model = copy.deepcopy(self.model)
        weights = unsealed(self.sealed_layer, key, self.card.seal)
        model[-1].load_state_dict({name: weight.float() for name, weight in weights.items()}, strict=False)
        return replace(self, model=model, sealed_layer=None)

    def save(self, folder: str | Path, key: Key | None = None) -> LockCard:
        """Write a folder with `model.safetensors` (fp16) and `card.json`, whole or not at all.

        Args:
            key: seals the last layer, see `seal.py`; without it that lies open, as in the paper. A model that is
                sealed already is written as it is.

        Returns:
            the card that was written.

        Raises:
            ModelLockError: the folder holds other files than a lock's, or the disk is full.
        """
        with folder_being_written(folder, LOCK_FILES) as place:
            return self.write(place, key)

    def write(self, folder: Path, key: Key | None = None) -> LockCard:
        """Write the files of `save` into a folder that is there.

        Raises:
            ModelLockError: they can't be written, as where the disk is full.
        """
        weights = {k: v.half() if v.is_floating_point() else v for k, v in self.model.state_dict().items()}
        card, layer = self.card, self.sealed_layer
        if layer is None:
            card = replace(card, seal=None)
            if key is not None:
                plain = {name: weight.detach().half().cpu() for name, weight in self.model[-1].named_parameters()}
                nonce = new_nonce(plain, key)
                card, layer = replace(card, seal=nonce), sealed(plain, key, nonce)
        if layer is not None:
            weights = {k: v for k, v in weights.items() if k.removeprefix(f"{len(self.model) - 1}.") not in layer}
            weights |= {SEALED + name: bits for name, bits in layer.items()}
        try:
            save_file({k: v.contiguous() for k, v in weights.items()}, folder / WEIGHTS)
        except SafetensorError as error:
            raise ModelLockError(f"the weights can't be written ({error}); free space on the disk") from None
        card.save(folder / CARD)
        return card

    def push_to_hub(self, name: str, *, private: bool = False, token: str | None = None) -> str:
        """Upload the model with a model card, never its key, and return its address; see `hub_models.push_to_hub`.

        It is uploaded sealed if it was loaded so; one that is open lies open there, too.
        """
        with TemporaryDirectory() as folder:
            self.save(folder)
            (Path(folder) / MODEL_CARD).write_text(model_card(self.card), encoding="utf-8")
            return push_to_hub(folder, name, private=private, token=token)

    @classmethod
    def from_pretrained(cls, name: str) -> LockedModel:
        """Load a model of the Hub: OWNER/NAME."""
        return cls.load(f"hub:{name.removeprefix('hub:')}")

    @classmethod
    def load(cls, folder: str | Path) -> LockedModel:
        """Read a folder written by `save`, or hub:OWNER/NAME.

        Where it is sealed, `unsealed` gives its holder the model as it was. Nothing is built before the card and the
        weights' shapes fit each other.

        Raises:
            ModelLockError: the folder is missing, damaged or of another format.
        """
        folder = lock_folder(folder)
        damaged = ModelLockError(f"{folder} is damaged: its card or weights can't be read; get it again")
        try:
            card = LockCard.load(folder / CARD)
            stored = shapes_of(folder / WEIGHTS)
        except (FileNotFoundError, NotADirectoryError):
            raise ModelLockError(f"{folder} holds no locked model; it needs {WEIGHTS} and {CARD}") from None
        except OSError:
            raise damaged from None
        try:
            task = load_task(card.task, card.classes, load_backbone(card.backbone))
            skeleton = task.build(pretrained=False, device=torch.device("meta"))
        except ModelLockError as error:
            backbone = shortened(card.backbone)
            raise ModelLockError(f"{folder} was locked with the backbone {backbone}: {error}") from None
        wanted, last = wanted_of(skeleton), f"{len(skeleton) - 1}."
        own = [name for name, _ in skeleton[-1].named_parameters()] if card.seal is not None else []
        for name in own:
            wanted[SEALED + name] = StoredTensor(wanted.pop(last + name).shape, "bits")
        check_stored(stored, wanted, str(folder))
        model = task.build(pretrained=False)
        try:
            weights = load_file(folder / WEIGHTS)
        except (OSError, SafetensorError):
            raise damaged from None
        if not all(bool(v.isfinite().all()) for v in weights.values() if v.is_floating_point()):
            raise ModelLockError(f"{folder} is damaged: weights are infinite or no numbers; get it again")
        layer = {name: weights.pop(SEALED + name) for name in own}
        weights |= {last + name: weight for name, weight in model[-1].named_parameters() if name in layer}
        model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
        return cls(task, model.eval().to(best_device()), card, layer or None)
