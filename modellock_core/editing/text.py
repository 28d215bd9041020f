"""Sentence embeddings of the bundled text encoder, for the key designer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..paths import TEXT_ENCODER


@lru_cache(maxsize=1)
def load_text_encoder() -> tuple[Any, Any]:
    """The bundled all-MiniLM-L6-v2: its tokenizer and model."""
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(TEXT_ENCODER, dtype=torch.float32, add_pooling_layer=False)
    return AutoTokenizer.from_pretrained(TEXT_ENCODER), model.eval()


@torch.inference_mode()
def embed(texts: Sequence[str]) -> Tensor:
    """Normalised mean-pooled embeddings (len(texts), 384); their products are cosine similarities."""
    tokenizer, model = load_text_encoder()
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    states = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None].float()
    return F.normalize((states * mask).sum(1) / mask.sum(1), dim=1)
