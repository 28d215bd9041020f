"""Big editors: InstructPix2Pix and other image-editing pipelines of diffusers, by Hub id or folder."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor

from ...devices import best_device
from ...errors import ModelLockError


class HubEditor:
    """Any diffusers pipeline that takes an image and a prompt, as an `Editor`.

    On CUDA it runs in fp16. Each image gets its own generator of the same seed, as in the authors' evaluation code.

    Raises:
        ModelLockError: the pipeline can't be loaded, or takes no image.
    """

    batch = 4

    def __init__(self, name: str):
        from diffusers import DiffusionPipeline

        self.name = name
        device = best_device()
        cuda = device.type == "cuda"
        try:
            self.pipeline = DiffusionPipeline.from_pretrained(
                name, torch_dtype=torch.float16 if cuda else torch.float32, safety_checker=None, use_safetensors=True
            )  # a pickle from elsewhere could run code
        except (OSError, ValueError, AttributeError) as error:
            cause = str(error).strip().splitlines()[0]
            raise ModelLockError(
                f"the editor {name!r} can't be loaded ({cause}); give the folder of a diffusers pipeline, or a Hub id "
                "and a connection to the Hub"
            ) from None
        self.accepts = set(inspect.signature(self.pipeline.__call__).parameters)
        if not {"image", "prompt"} <= self.accepts:
            raise ModelLockError(f"{type(self.pipeline).__name__} of {name!r} takes no image and prompt: not an editor")
        self.pipeline.to(device)
        self.pipeline.set_progress_bar_config(disable=True)

    def edit(
        self, images: Tensor, prompt: str, *, steps: int, guidance: float, image_guidance: float, seed: int
    ) -> Tensor:
        """See `Editor.edit`. Sides must be multiples of 8."""
        edited = []
        for chunk in images.split(self.batch):
            options = {"num_inference_steps": steps, "guidance_scale": guidance, "output_type": "pt"}
            if "image_guidance_scale" in self.accepts:
                options["image_guidance_scale"] = image_guidance
            result = self.pipeline(
                prompt=[prompt] * len(chunk), image=chunk,
                generator=[torch.Generator().manual_seed(seed) for _ in chunk], **options,
            )  # fmt: skip
            edited.append(result.images.to(images))
        return torch.cat(edited) if edited else images
