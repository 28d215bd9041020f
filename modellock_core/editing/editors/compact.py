"""The bundled editors: a text-guided diffusion editor small enough for two CPU cores, behind the `Editor` protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from ...devices import best_device, fast_dtype
from ...errors import ModelLockError
from ...paths import EDITORS, TEXT_ENCODER
from .compact_pipeline import CompactEditPipeline, EditPlan
from .compact_unet import CompactUNet
from .key_secrets import noise_seed
from .object_sketch import ObjectSketch
from .prompt_reader import PromptReader
from .style_encoder import StyleEncoder
from .style_space import StyleSpace
from .subject_finder import SubjectFinder
from .weights_hash import weights_hash

SHARED = EDITORS / "shared"


def edit_scheduler() -> DDIMScheduler:
    """The scheduler that training and sampling share."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        prediction_type="sample",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
        clip_sample=False,
        set_alpha_to_one=True,
    )


def load_pipeline(
    folder: Path, text_encoder: Path, dtype: torch.dtype = torch.float32, shared: Path = SHARED
) -> CompactEditPipeline:
    """The pipeline of an editor's folder, its UNet as `dtype`, with the text encoder and others that editors share."""
    from transformers import AutoModel, AutoTokenizer

    own = {"styles": StyleSpace, "sketch": ObjectSketch}
    common = {"reader": PromptReader, "style_encoder": StyleEncoder, "subject_finder": SubjectFinder}
    parts = {
        name: kind.from_pretrained((folder if name in own else shared) / name, torch_dtype=torch.float32)
        for name, kind in (own | common).items()
    }
    return CompactEditPipeline(
        unet=CompactUNet.from_pretrained(folder / "unet", torch_dtype=dtype),
        scheduler=edit_scheduler(),
        text_encoder=AutoModel.from_pretrained(text_encoder, dtype=torch.float32, add_pooling_layer=False),
        tokenizer=AutoTokenizer.from_pretrained(text_encoder),
        **parts,
    )


class CompactEditor:
    """A bundled compact pipeline as an `Editor`, in bfloat16 where that is fast: twice the speed."""

    chunk, batch = 64, 32  # images between two reports of progress, and a network call, which bounds the memory
    scheme = "2"  # of what a key's hand and seed draw; with another one a key's edits are others

    def __init__(self, name: str = "compact"):
        self.name = name
        self.pipeline = load_pipeline(EDITORS / name, TEXT_ENCODER, fast_dtype())
        self.pipeline.to(best_device())
        for part in (self.pipeline.unet, self.pipeline.subject_finder):
            part.to(memory_format=torch.channels_last)
        self.read = lru_cache(maxsize=256)(self.pipeline.read)  # a prompt is read as it is typed, previewed and locked

    @cached_property
    def version(self) -> str:
        """SHA-256 of its weights, its configuration and its scheme: edits of another version are other edits."""
        weights = weights_hash([EDITORS / self.name, SHARED, TEXT_ENCODER])
        return hashlib.sha256(f"{self.scheme}:{weights}".encode()).hexdigest()

    def edit(
        self, images: Tensor, prompt: str, *, steps: int, guidance: float, image_guidance: float, seed: int,
        hand: str | None = None, style: Sequence[float] | None = None, strength: float | None = None,
        lora: str | None = None, noise_on_gpu: bool = False,
    ) -> Tensor:  # fmt: skip
        """See `Editor.edit`."""
        for setting, value in {"strength": strength, "lora": lora, "noise_on_gpu": noise_on_gpu or None}.items():
            if value is not None:
                raise ModelLockError(f"the editor {self.name!r} ignores {setting}; leave it out")
        code = None if style is None else torch.tensor([style])
        plan = self.pipeline.plan(prompt, hand, code, reading=self.read(prompt))
        weight, seed = guidance / image_guidance, noise_seed(seed, hand)
        with torch.inference_mode():
            return self.edit_as_planned(images, plan, steps=steps, weight=weight, seed=seed)

    def edit_as_planned(
        self, images: Tensor, plan: EditPlan, *, steps: int, weight: float, seed: int, noise: Tensor | None = None
    ) -> Tensor:
        """Edits of images (N, 3, H, W) in [0, 1], see `CompactEditPipeline.edit`.

        Gradients reach the plan's style, the images and the noise.
        """
        if not len(images):
            return images
        edits = [
            self.pipeline.edit(
                chunk.to(best_device()), plan, torch.Generator().manual_seed(seed),
                steps=steps, weight=weight, noise=noise,
            )
            for chunk in images.split(self.batch)
        ]  # fmt: skip
        return torch.cat(edits).to(images.device)
