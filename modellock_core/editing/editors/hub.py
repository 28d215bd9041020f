"""Big editors: InstructPix2Pix and any other image-editing pipeline of diffusers, by Hub id or folder."""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from ...data.images import resized, to_pil
from ...devices import best_device, fast_dtype
from ...errors import ModelLockError, first_line
from .families import edit_class, family_of, family_of_class, is_few_steps, split_name
from .loras import check_takes_lora, load_lora, lora_version
from .weights_hash import weights_hash

BATCH = 4  # images a call on a GPU
ROOM = 1.3  # memory that an edit takes, of what the weights take
UNCHANGED = 1 / 255  # the least that an edit changes in its most changed pixel
LOAD_ERRORS = (OSError, ValueError, AttributeError, TypeError, ImportError, RuntimeError)


class HubEditor:
    """Any diffusers pipeline that takes an image and a prompt, as an `Editor`.

    Each image gets its own generator of the same seed, as in the authors' evaluation code, so that an edit does not
    depend on its batch. On a CPU images are edited one by one: bit for bit the same however they are split.

    Attributes:
        name: what `load_editor` takes.
        family: what the pipeline takes, and its defaults.
        chunk: see `Editor`.

    Raises:
        ModelLockError: the pipeline can't be loaded, or takes no image.
    """

    def __init__(self, name: str):
        pipeline, vae = split_name(name)
        folder = _folder(pipeline, name)
        kind = _edit_class(folder, name)
        dtype = _dtype(kind)
        loaded = _loaded(kind, folder, name, dtype)
        self._folders = [folder]
        if vae is not None:
            self._folders.append(_vae_folder(vae))
            loaded.vae = _tiny_vae(vae, self._folders[1], loaded, dtype)
        family_of.cache_clear()  # now that the configuration is there
        self._take(loaded, name)

    @classmethod
    def around(cls, pipeline: Any, name: str) -> HubEditor:
        """The editor of a pipeline that is loaded already; it has no version.

        Args:
            name: for errors.
        """
        editor = cls.__new__(cls)
        editor._folders = []
        editor._take(pipeline, name)
        return editor

    def _take(self, pipeline: Any, name: str) -> None:
        self.name, self.pipeline = name, pipeline
        self._one_at_a_time = Lock()  # scheduler and LoRA are the pipeline's own state
        self._lora: tuple[str, str] | None = None  # name and version of the one that is loaded
        self.family = family_of_class(type(pipeline), is_few_steps(dict(pipeline.scheduler.config)))
        distilled = getattr(getattr(pipeline, "transformer", None), "config", {}).get("guidance_embeds") is False
        if distilled and self.family.arguments.get("guidance") == "guidance_scale":  # it would be ignored
            arguments = {k: v for k, v in self.family.arguments.items() if k != "guidance"}
            self.family = replace(self.family, arguments=arguments)
        self.chunk = 1 if self.family.alone or best_device().type == "cpu" else BATCH
        self._accepts = set(inspect.signature(pipeline.__call__).parameters)
        place(pipeline, best_device())
        pipeline.set_progress_bar_config(disable=True)

    @cached_property
    def version(self) -> str | None:
        """See `Editor`; None of a pipeline that was loaded elsewhere."""
        return weights_hash(self._folders) if self._folders else None

    def edit(
        self, images: Tensor, prompt: str, *, steps: int, guidance: float, image_guidance: float, seed: int,
        hand: str | None = None, style: Sequence[float] | None = None, strength: float | None = None,
        lora: str | None = None, noise_on_gpu: bool = False,
    ) -> Tensor:  # fmt: skip
        """See `Editor.edit`. Sides must be multiples of 8.

        Raises:
            ModelLockError: it would ignore a setting, the LoRA does not fit, or the edits change nothing.
        """
        settings = {"guidance": guidance, "image_guidance": image_guidance, "strength": strength}
        if strength is None:
            settings["strength"] = self.family.defaults.strength
        ignored = [name for name, value in (("hand", hand), ("style", style)) if value is not None]
        ignored += self.family.ignored(settings)
        if ignored:
            raise ModelLockError(_ignored_line(self.name, ignored[0], vars(self.family.defaults).get(ignored[0])))
        options = {name: settings[setting] for setting, name in self.family.arguments.items()}
        device = best_device() if noise_on_gpu else torch.device("cpu")
        with self._one_at_a_time:
            self._use_lora(lora)
            edits = [
                self._edited(chunk, prompt, options | {"num_inference_steps": steps}, seed, device)
                for chunk in images.split(self.chunk)
            ]
        return torch.cat(edits) if len(images) else images

    def _edited(self, images: Tensor, prompt: str, options: dict[str, Any], seed: int, device: torch.device) -> Tensor:
        shape = images.shape[-2:]
        if {"height", "width"} <= self._accepts:
            options = {**options, "height": shape[0], "width": shape[1]}
        if "max_area" in self._accepts:  # Kontext's would be a megapixel
            options["max_area"] = shape[0] * shape[1]
        options = {**options, **self.family.fixed}
        generators = [torch.Generator(device).manual_seed(seed) for _ in images]
        source = to_pil(images[0]) if self.family.pil else images
        if not self.family.alone:  # which take texts by themselves, not in lists
            options = {k: [v] * len(images) if isinstance(v, str) else v for k, v in options.items()}
        result = self.pipeline(
            prompt=prompt if self.family.alone else [prompt] * len(images), image=source,
            generator=generators[0] if self.family.alone else generators, output_type="pt", **options,
        ).images  # fmt: skip
        edits = resized(torch.as_tensor(result).to(images), shape).clamp(0, 1)
        _refuse_no_edit(edits, images, self.name)
        return edits

    def _use_lora(self, lora: str | None) -> None:
        if lora is not None:
            check_takes_lora(self.pipeline, self.name)
        wanted = None if lora is None else (lora, lora_version(lora))
        if wanted == self._lora:
            return
        if self._lora is not None:
            self.pipeline.unload_lora_weights()
            self._lora = None
        if lora is not None:
            load_lora(self.pipeline, lora, self.name)
            self._lora = wanted


def _refuse_no_edit(edits: Tensor, images: Tensor, name: str) -> None:
    if not edits.isfinite().all() or bool((edits.flatten(1).std(1) == 0).all()):
        raise ModelLockError(
            f"the editor {name!r} answers with empty images; its weights overflow or its safety checker blanks them: "
            "try another editor"
        )
    if bool((edits - images).abs().flatten(1).amax(1).max() < UNCHANGED):
        raise ModelLockError(
            f"the editor {name!r} leaves images as they are with this key, so it would lock nothing; give another "
            "prompt, more steps or more strength"
        )


def _ignored_line(name: str, setting: str, default: object) -> str:
    return f"the editor {name!r} ignores {setting}; leave it out" + ("" if default is None else f" (or give {default})")


def _folder(pipeline: str, name: str) -> Path:
    """Where the pipeline's files lie, downloaded if need be."""
    from diffusers import DiffusionPipeline

    if os.path.isdir(pipeline):
        return Path(pipeline)
    if pipeline.startswith((".", "/", "~")):
        raise ModelLockError(f"the editor {name!r}: there is no such folder; give the folder of a diffusers pipeline")
    try:
        return Path(DiffusionPipeline.download(pipeline, use_safetensors=True, safety_checker=None))
    except LOAD_ERRORS as error:
        raise _not_loaded(name, error) from None


def _edit_class(folder: Path, name: str) -> Any:
    from diffusers import DiffusionPipeline

    try:
        class_name = DiffusionPipeline.load_config(folder).get("_class_name", "")
    except LOAD_ERRORS as error:
        raise _not_loaded(name, error) from None
    kind = edit_class(str(class_name))
    if kind is None:
        raise ModelLockError(f"{class_name or 'the pipeline'} of {name!r} takes no image and prompt: not an editor")
    return kind


def _dtype(kind: Any) -> torch.dtype:
    """fp16 on CUDA, as the authors' code; bf16 for transformers, which were trained in it; else what the CPU does."""
    if best_device().type != "cuda":
        return fast_dtype()
    return torch.float16 if "unet" in inspect.signature(kind.__init__).parameters else torch.bfloat16


def _loaded(kind: Any, folder: Path, name: str, dtype: torch.dtype) -> Any:
    checker = {"safety_checker": None} if "safety_checker" in inspect.signature(kind.__init__).parameters else {}
    pickles = [path for path in folder.glob("*/*.bin") if path.parent.name != "safety_checker"]
    unsafe = next((path for path in pickles if not any(path.parent.glob("*.safetensors"))), None)
    if unsafe is not None:
        raise ModelLockError(
            f"the editor {name!r} has no safetensors in {unsafe.parent.name}/, only {unsafe.name}, a pickle, which "
            "could run code; save the pipeline again with safe_serialization=True"
        )
    try:
        return kind.from_pretrained(folder, torch_dtype=dtype, use_safetensors=True, **checker)
    except LOAD_ERRORS as error:
        raise _not_loaded(name, error) from None


def _vae_folder(vae: str) -> Path:
    """Where a VAE's files lie, downloaded if need be."""
    from huggingface_hub import snapshot_download

    if os.path.isdir(vae):
        return Path(vae)
    try:
        return Path(snapshot_download(vae, allow_patterns=["config.json", "diffusion_pytorch_model.safetensors"]))
    except LOAD_ERRORS as error:
        raise _not_loaded(vae, error) from None


def _tiny_vae(vae: str, folder: Path, pipeline: Any, dtype: torch.dtype) -> Any:
    from diffusers import AutoencoderTiny

    try:
        tiny = AutoencoderTiny.from_pretrained(folder, torch_dtype=dtype, use_safetensors=True)
    except LOAD_ERRORS as error:
        raise _not_loaded(vae, error) from None
    wanted, got = pipeline.vae.config.latent_channels, tiny.config.latent_channels
    if wanted != got:
        raise ModelLockError(f"the VAE {vae!r} has {got} latent channels, the editor needs {wanted}; choose another")
    return tiny


def _not_loaded(name: str, error: Exception) -> ModelLockError:
    # what diffusers adds in brackets are the details of its attempts
    cause = first_line(error).partition(" (")[0]
    return ModelLockError(
        f"the editor {name!r} can't be loaded ({cause}); give the folder of a diffusers pipeline, or a Hub id "
        "and a connection to the Hub"
    )


def place(pipeline: Any, device: torch.device) -> None:
    """Put a pipeline on a device: as a whole if there is room, else model by model, or layer by layer."""
    if device.type != "cuda":
        pipeline.to(device)
        return
    sizes = [_bytes(part) for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    how = placement(sizes, torch.cuda.mem_get_info(device)[0])
    if how == "whole":
        pipeline.to(device)
    elif how == "models":
        pipeline.enable_model_cpu_offload(device=device)
    else:
        pipeline.enable_sequential_cpu_offload(device=device)
    if how != "whole" and hasattr(getattr(pipeline, "vae", None), "enable_slicing"):
        pipeline.vae.enable_slicing()


def placement(sizes: Sequence[int], free: int) -> str:
    """What of a pipeline goes to a GPU at a time: "whole", "models" or "layers".

    Args:
        sizes: bytes of its models.
        free: bytes of the GPU.
    """
    if ROOM * sum(sizes) < free:
        return "whole"
    return "models" if ROOM * max(sizes) < free else "layers"


def _bytes(module: torch.nn.Module) -> int:
    return sum(p.numel() * p.element_size() for p in module.parameters())
