"""The seal: the last layer of a saved model is encrypted, for the holders of the key's file.

The edit makes a model useless on clean images. The seal keeps a thief from what the edit can't protect: the last layer
was fitted to features that resemble public ones, so it works on the public backbone, and tells a search for the edit
how near it is.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

import torch
from torch import Tensor

from ..editing.editors import bundled_editors
from ..editing.key import Key
from ..errors import ModelLockError

NONCE_BYTES = 16
PURPOSE = b"ModelLock seal 1"


def is_sealing(key: Key) -> bool:
    """Whether a key's file is needed for more than its prompt: not if whoever guesses the prompt is to be in."""
    return key.hand is not None or key.editor not in bundled_editors()


def new_nonce(weights: Mapping[str, Tensor], key: Key) -> str:
    """32 hexadecimal digits of the weights, fp16, and the key; they authenticate the weights, too (SIV, RFC 5297)."""
    digest = hmac.new(bytes.fromhex(key.id), PURPOSE, hashlib.sha256)
    for name in sorted(weights):
        digest.update(weights[name].numpy().tobytes())
    return digest.digest()[:NONCE_BYTES].hex()


def sealed(weights: Mapping[str, Tensor], key: Key, nonce: str) -> dict[str, Tensor]:
    """Weights by name, fp16, to their encrypted bits, int16 of the same shapes.

    The key's id (128 random bits) and the nonce give a stream of bits (SHAKE-256), which is added modulo 2.
    """
    return _exchanged({name: weight.half().view(torch.int16) for name, weight in weights.items()}, key, nonce)


def unsealed(weights: Mapping[str, Tensor], key: Key, nonce: str) -> dict[str, Tensor]:
    """What `sealed` was given.

    Raises:
        ModelLockError: bits were changed, or the key or the nonce is another one.
    """
    plain = {name: bits.view(torch.float16) for name, bits in _exchanged(weights, key, nonce).items()}
    if not hmac.compare_digest(new_nonce(plain, key), nonce):
        raise ModelLockError("the sealed last layer is damaged; get the model again")
    return plain


def _exchanged(weights: Mapping[str, Tensor], key: Key, nonce: str) -> dict[str, Tensor]:
    count = sum(weight.numel() for weight in weights.values())
    stream = hashlib.shake_256(PURPOSE + bytes.fromhex(key.id) + bytes.fromhex(nonce)).digest(2 * count)
    pads = torch.frombuffer(bytearray(stream), dtype=torch.int16).split(
        [weights[name].numel() for name in sorted(weights)]
    )
    return {
        name: weights[name].contiguous() ^ pad.view(weights[name].shape)
        for name, pad in zip(sorted(weights), pads, strict=True)
    }
