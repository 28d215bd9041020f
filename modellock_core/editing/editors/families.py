"""Families of diffusers pipelines that edit: what each takes, and the settings it works well with.

Read from a pipeline's small configuration files, so that a key can be checked before the editor's weights are loaded.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import INSTRUCT_PIX2PIX, PAPER_SETTINGS, EditSettings

ALPHA = 0.5  # the paper's blend ratio
SIZE = 512  # px
# SD-Turbo and the like: no guidance, and half the noise, of which two steps are left one
FEW_STEPS = EditSettings(alpha=ALPHA, steps=2, guidance=0.0, image_guidance=1.0, size=SIZE, strength=0.5)


@dataclass(frozen=True)
class Family:
    """What a kind of edit pipeline takes.

    Attributes:
        defaults: settings that it works well with; of a setting that it ignores, the only value a key may have.
        arguments: the pipeline's own names of the settings that it honours.
        fixed: arguments that are the same in every call.
        pil: whether it takes PIL images only.
        alone: whether it takes one image at a time.
    """

    defaults: EditSettings
    arguments: Mapping[str, str]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    pil: bool = False
    alone: bool = False

    def ignored(self, settings: Mapping[str, Any]) -> list[str]:
        """Names of those settings that this kind would ignore, and that are not at their defaults."""
        kept = [name for name in ("guidance", "image_guidance", "strength") if name not in self.arguments]
        return [name for name in kept if name in settings and settings[name] != getattr(self.defaults, name)]


@dataclass(frozen=True)
class Special:
    """Where a class differs from what its signature says.

    Attributes:
        defaults: fields of its defaults.
        guidance: the argument of the prompt's guidance; empty where it is accepted and ignored.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    guidance: str = "guidance_scale"
    image_guidance: str = "image_guidance_scale"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    pil: bool = False
    alone: bool = False


# a negative prompt switches guidance on
_QWEN = Special({"size": 1024}, guidance="true_cfg_scale", fixed={"negative_prompt": " "}, pil=True, alone=True)
_SPECIAL = {
    "StableDiffusionInstructPix2PixPipeline": Special(vars(PAPER_SETTINGS)),
    "FluxKontextPipeline": Special({"size": 1024}, fixed={"_auto_resize": False}),
    "QwenImageEditPipeline": _QWEN,
    "QwenImageEditPlusPipeline": _QWEN,
    "DreamLitePipeline": Special({"size": 1024}, pil=True, alone=True),
    "DreamLiteMobilePipeline": Special({"size": 1024}, guidance="", image_guidance="", pil=True, alone=True),
}


def edit_class(name: str) -> type | None:
    """The class of diffusers that edits with the weights of a pipeline class: itself, or its image-to-image sister."""
    import diffusers
    from diffusers.pipelines.auto_pipeline import AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    kind = getattr(diffusers, name, None)
    if not inspect.isclass(kind) or not issubclass(kind, diffusers.DiffusionPipeline):
        return None
    if {"image", "prompt"} <= set(inspect.signature(kind.__call__).parameters):
        return kind
    sisters = [key for key, other in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.items() if other is kind]
    return next((AUTO_IMAGE2IMAGE_PIPELINES_MAPPING.get(key) for key in sisters), None)


def family_of_class(kind: type, few_steps: bool = False) -> Family:
    """The family of an edit pipeline's class.

    Args:
        few_steps: whether its scheduler is that of a model distilled to a few steps.
    """
    signature = inspect.signature(kind.__call__).parameters
    special = _SPECIAL.get(kind.__name__, Special())
    names = {
        "guidance": special.guidance, "image_guidance": special.image_guidance, "strength": "strength",
    }  # fmt: skip
    arguments = {setting: name for setting, name in names.items() if name in signature}

    def default(setting: str, otherwise: Any) -> Any:
        found = signature[arguments[setting]].default if setting in arguments else None
        return float(found) if isinstance(found, int | float) else otherwise

    defaults = EditSettings(
        alpha=ALPHA,
        steps=signature["num_inference_steps"].default,
        guidance=default("guidance", 1.0),
        image_guidance=default("image_guidance", 1.0),
        size=SIZE,
        strength=default("strength", None),
    )
    if few_steps and "strength" in arguments:
        defaults = FEW_STEPS
    return Family(replace(defaults, **special.defaults), arguments, special.fixed, special.pil, special.alone)


@lru_cache(maxsize=32)
def family_of(name: str) -> Family | None:
    """The family of an editor by Hub id or folder; None while its configuration files are not on this machine."""
    if name == INSTRUCT_PIX2PIX:  # known without diffusers, which takes seconds to load
        arguments = {"guidance": "guidance_scale", "image_guidance": "image_guidance_scale"}
        return Family(PAPER_SETTINGS, arguments)
    index = _json(name, "model_index.json")
    kind = edit_class(str(index.get("_class_name"))) if index else None
    return None if kind is None else family_of_class(kind, is_few_steps(_json(name, "scheduler/scheduler_config.json")))


def is_few_steps(scheduler: Mapping[str, Any]) -> bool:
    """Whether a scheduler's configuration is that of SD-Turbo and SDXL-Turbo."""
    return "Euler" in str(scheduler.get("_class_name")) and scheduler.get("timestep_spacing") == "trailing"


def split_name(name: str) -> tuple[str, str | None]:
    """An editor's pipeline and, after a plus, the tiny VAE that replaces its own: "stabilityai/sd-turbo+OWNER/VAE"."""
    pipeline, _, vae = name.partition("+")
    return (name, None) if os.path.isdir(name) or not vae else (pipeline, vae)


def _json(name: str, file: str) -> dict[str, Any]:
    """A configuration file of a pipeline, from its folder or from the cache of the Hub; empty if it is not there."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    pipeline, _ = split_name(name)
    path: Any = Path(pipeline) / file
    if not os.path.isdir(pipeline):
        try:
            path = try_to_load_from_cache(pipeline, file)
        except HFValidationError:
            return {}
    try:
        values = json.loads(Path(path).read_text()) if isinstance(path, str | Path) else {}
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
