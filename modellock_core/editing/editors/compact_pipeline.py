"""The compact editor's diffusion pipeline: reads a prompt, puts objects behind the subject, and paints."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, DiffusionPipeline, ImagePipelineOutput
from diffusers.image_processor import VaeImageProcessor
from PIL.Image import Image
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ...data.images import resized
from .checkerboard import without_checkerboard
from .compact_unet import RESIDUAL_SCALE, CompactUNet, picture_place
from .object_sketch import ObjectSketch, put_behind
from .prompt_reader import PromptReader
from .start_noise import enlarge_noise, start_noise
from .style_encoder import StyleEncoder
from .style_space import HAND_GLAZE, HAND_SHARE, StyleSpace
from .subject_finder import SubjectFinder

MAX_TOKENS = 32
WORKING_SIDES = (128, 512)  # px, short sides that the painter was trained between
MAX_OBJECTS = 2  # of a prompt
UNSURE, SURE = 0.25, 0.75  # a name that the reader finds less likely is not meant; a more likely one fully
HARDLY = 0.1  # so little of a style is left out
PLAIN = 0.15  # a strength that is so near 1 was not asked for


@dataclass(frozen=True)
class Reading:
    """What the compact editor understands of a prompt.

    Attributes:
        styles: name -> how much of it, in (0, 1].
        objects: names of the objects, at most two.
        strength: of the whole edit; 1 unless the prompt says "a little" or "strong".
    """

    styles: dict[str, float]
    objects: tuple[str, ...]
    strength: float


@dataclass(frozen=True)
class EditPlan:
    """What the compact editor is going to do: a point of the space of all its edits, beside the start noise.

    Attributes:
        style: (1, style_dim) the style vector.
        strength: of what is painted; 0 paints nothing.
        objects: names of the objects.
    """

    style: Tensor
    strength: float
    objects: tuple[str, ...] = ()


class CompactEditPipeline(DiffusionPipeline):
    """Edits images after a text prompt in one to four denoising steps.

    A prompt is read as styles and objects. Objects are put behind the picture's subject; then the picture is painted:
    the residual edit - source is denoised from pure noise, in the style that is the mix of what was read. The noise
    says where strokes run, and its generator where objects stand. The scheduler has zero terminal signal-to-noise ratio
    and trailing steps (arXiv 2305.08891).

    Example:
        >>> editor = load_editor("compact").pipeline
        >>> editor(image, "in watercolor with a rooster").images[0].save("edited.png")
    """

    model_cpu_offload_seq = "text_encoder->unet"

    def __init__(
        self,
        unet: CompactUNet,
        scheduler: DDIMScheduler,
        text_encoder: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        reader: PromptReader,
        styles: StyleSpace,
        style_encoder: StyleEncoder,
        sketch: ObjectSketch,
        subject_finder: SubjectFinder,
    ):
        super().__init__()
        self.register_modules(
            unet=unet, scheduler=scheduler, text_encoder=text_encoder, tokenizer=tokenizer, reader=reader,
            styles=styles, style_encoder=style_encoder, sketch=sketch, subject_finder=subject_finder,
        )  # fmt: skip
        self.image_processor = VaeImageProcessor(do_resize=False, do_normalize=False)

    @torch.inference_mode()
    def read(self, prompt: str) -> Reading:
        """The styles and objects that a prompt asks for; nothing for nonsense. Prompts are cut at 32 tokens."""
        tokens = self.tokenizer(prompt, truncation=True, max_length=MAX_TOKENS, return_tensors="pt").to(self.device)
        states = self.text_encoder(**tokens).last_hidden_state.to(self.reader.dtype)
        logits, strength = self.reader(states, tokens["attention_mask"].bool())
        likely = ((logits[0].float().sigmoid() - UNSURE) / (SURE - UNSURE)).clamp(0, 1).cpu()
        names = self.styles.config.names
        styles = {name: float(part) for name, part in zip(names, likely, strict=False) if part > HARDLY}
        things = likely[len(names) :]
        best = things.topk(MAX_OBJECTS)
        objects = tuple(
            self.reader.config.objects[i] for part, i in zip(best.values, best.indices.tolist(), strict=True)
            if part > 0.5
        )  # fmt: skip
        factor = float(strength)
        return Reading(styles, objects, factor if abs(factor - 1) > PLAIN else 1.0)

    @torch.inference_mode()
    def encode_style(self, picture: Tensor | Image) -> Tensor:
        """The style of a picture, (1, 3, H, W) in [0, 1] or PIL, as numbers (1, 100): "paint it like this"."""
        picture = self.image_processor.preprocess(picture).to(self.device, self.style_encoder.dtype)
        return self.style_encoder(picture).float()

    @torch.inference_mode()
    def __call__(
        self,
        image: Tensor | Image | list[Image],
        prompt: str,
        num_inference_steps: int = 1,
        guidance_scale: float = 1.0,
        image_guidance_scale: float = 1.0,
        generator: torch.Generator | None = None,
        output_type: str = "pil",
        hand: str | None = None,
        style_code: Tensor | None = None,
    ) -> ImagePipelineOutput:
        """Edit images.

        Args:
            image: (N, 3, H, W) float in [0, 1], or PIL images of one size; at least 32 px a side. Short sides below
                128 and above 512 px are painted at these sizes.
            prompt: one prompt for all images; an empty one, and nonsense, leaves them as they are.
            num_inference_steps: denoising steps; 1 to 4 are useful.
            guidance_scale: strength of the prompt (classifier-free guidance, where the empty prompt's edit is zero).
            image_guidance_scale: how firmly the source is held; 2 halves the edit.
            generator: a CPU generator for the start noise and the objects' poses and places, shared by all images;
                None draws a new seed.
            output_type: "pil", "pt" (float in [0, 1]) or "np".
            hand: 32 hexadecimal digits that turn every edit into their owner's version of it.
            style_code: (1, 100) the style of a picture, from `encode_style`, which is painted in beside what the prompt
                says.

        Raises:
            ValueError: steps below 1, an image guidance not above 0, or an image below 32 px.
        """
        source = self.image_processor.preprocess(image).to(self.device, torch.float32)
        height, width = source.shape[-2:]
        if num_inference_steps < 1:
            raise ValueError(f"steps must be at least 1, got {num_inference_steps}")
        if image_guidance_scale <= 0:
            raise ValueError(f"image guidance must be above 0, got {image_guidance_scale}")
        if min(height, width) < 32:
            raise ValueError(f"images must be at least 32 px a side, got {width}x{height}")

        # one draw for all images: an edit never depends on the batch it is in
        if generator is None:
            generator = torch.Generator()
            generator.seed()
        plan, weight = self.plan(prompt, hand, style_code), guidance_scale / image_guidance_scale
        edited = self.edit(source, plan, generator, steps=num_inference_steps, weight=weight)
        return ImagePipelineOutput(images=self.image_processor.postprocess(edited, output_type, do_denormalize=None))

    @torch.no_grad()
    def plan(
        self, prompt: str, hand: str | None = None, style_code: Tensor | None = None, reading: Reading | None = None
    ) -> EditPlan:
        """What a prompt, a hand and the style of a picture ask for; see `__call__`.

        Args:
            reading: what `read` has made of the prompt, where that is known.
        """
        reading = reading or self.read(prompt)
        weights = torch.tensor([reading.styles.get(name, 0.0) for name in self.styles.config.names])
        style, strength = self.styles.mix(weights.to(self.device))
        if style_code is not None:
            style, strength = style + self.styles.encoded(style_code.to(style)), 1.0
        if hand is not None:
            # where nothing is painted, the owner's glaze lies on the picture all the same
            share = HAND_SHARE if strength else 1.0
            style = (1 - share) * style + share * self.styles.hand(hand)
            strength = max(strength, HAND_GLAZE)
        return EditPlan(style, strength * reading.strength, reading.objects)

    def edit(
        self,
        source: Tensor,
        plan: EditPlan,
        generator: torch.Generator,
        *,
        steps: int = 1,
        weight: float = 1.0,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Edits of images (N, 3, H, W) in [0, 1].

        Gradients reach images, style and noise, unless the caller turns them off.

        Args:
            generator: a CPU generator for the start noise and the objects' poses and places.
            weight: of the edit; what the guidance scales come to.
            noise: (1, 3, h, w) start noise of unit variance in place of the generator's; objects stay where they were.
        """
        height, width = source.shape[-2:]
        working = resized(source, _working_shape(height, width))
        drawn = start_noise(generator, *working.shape[-2:])
        noise = (drawn if noise is None else enlarge_noise(noise, *working.shape[-2:])).to(self.device)
        staged = self._with_objects(working, plan.objects, generator)
        edited = staged
        if plan.strength:
            edited = staged + plan.strength * self._paint(staged, noise, plan.style, steps)
        change = resized(edited - working, (height, width))
        return (source + weight * change).clamp(0, 1)

    def _with_objects(self, images: Tensor, names: tuple[str, ...], generator: torch.Generator) -> Tensor:
        if not names:
            return images
        subject = self.subject_finder.matte(images)
        for name in names:
            picture = self.sketch.draw(name, generator)
            kind = {"sky": name in self.sketch.config.sky, "wide": name in self.sketch.config.wide}
            images = put_behind(images, subject, picture, **kind, generator=generator)
        return images

    def _paint(self, source: Tensor, noise: Tensor, style: Tensor, steps: int) -> Tensor:
        """What painting images (N, 3, H, W) adds to them."""
        height, width = source.shape[-2:]
        pad = [0, -width % self.unet.divisor, 0, -height % self.unet.divisor]
        padded = F.pad(source, pad, mode="reflect")
        sample = F.pad(noise, pad, mode="reflect").expand_as(padded)
        dtype = self.unet.dtype
        place = picture_place(*padded.shape[-2:]).to(self.device, dtype)
        unit = torch.tensor([min(height, width) / 128], device=self.device)
        scheduler = copy(self.scheduler)  # other threads edit at the same time, in so many steps of their own
        scheduler.set_timesteps(steps, device=self.device)
        for timestep in scheduler.timesteps:
            residual = self.unet(
                sample.to(dtype), (padded * 2 - 1).to(dtype), place, unit, timestep[None], style.to(dtype)
            ).float()
            sample = scheduler.step(residual, timestep, sample).prev_sample
        painting = without_checkerboard(padded + sample / RESIDUAL_SCALE)
        return painting[..., :height, :width] - source


def _working_shape(height: int, width: int) -> tuple[int, int]:
    """The size at which an image is painted."""
    short = min(height, width)
    scale = min(max(short, WORKING_SIDES[0]), WORKING_SIDES[1]) / short
    return round(height * scale), round(width * scale)
