"""Tiny Qwen-Image-Edit and DreamLite, whose text encoders also see the image; made on the spot with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKLQwenImage,
    AutoencoderTiny,
    FlowMatchEulerDiscreteScheduler,
    QwenImageEditPipeline,
    QwenImageEditPlusPipeline,
    QwenImageTransformer2DModel,
)
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from .tiny_editors import WIDTH

SPECIAL = ("endoftext", "im_start", "im_end", "vision_start", "vision_end", "image_pad", "video_pad")
TOKENS = [f"<|{name}|>" for name in SPECIAL] + ByteLevel.alphabet()
PATCH = 14  # px
LANGUAGE = {
    "vocab_size": len(TOKENS), "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1,
    "num_attention_heads": 2, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 0,
    "eos_token_id": 0,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]},
}  # fmt: skip
VISION = {
    "depth": 1, "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_heads": 2, "out_hidden_size": WIDTH,
    "patch_size": PATCH,
}  # fmt: skip
PLACES = {f"{name}_token_id": SPECIAL.index(token) for name, token in (
    ("image", "image_pad"), ("video", "video_pad"), ("vision_start", "vision_start"), ("vision_end", "vision_end"),
)}  # fmt: skip


def save_qwen_edit(folder: Path, plus: bool = False) -> str:
    """A tiny Qwen-Image-Edit, or its successor "Plus" (2509); returns its folder."""
    torch.manual_seed(0)
    return _saved(
        folder, QwenImageEditPlusPipeline if plus else QwenImageEditPipeline, Qwen2VLProcessor, Qwen2VLVideoProcessor,
        text_encoder=Qwen2_5_VLForConditionalGeneration(
            Qwen2_5_VLConfig(text_config=LANGUAGE, vision_config=VISION | {"fullatt_block_indexes": [0]}, **PLACES)
        ),
        # a stride of 16 px, because sources are brought to a megapixel
        vae=AutoencoderKLQwenImage(
            base_dim=4, z_dim=4, dim_mult=[1, 1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False] * 4,
            latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
        ),
        transformer=QwenImageTransformer2DModel(
            patch_size=2, in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16, num_attention_heads=2,
            joint_attention_dim=WIDTH, axes_dims_rope=(4, 4, 8),
        ),
    )  # fmt: skip


def save_dreamlite(folder: Path, mobile: bool = False) -> str:
    """A tiny DreamLite, or its distilled sister; returns its folder."""
    from diffusers import DreamLiteMobilePipeline, DreamLitePipeline, DreamLiteUNetModel  # older versions have none

    torch.manual_seed(0)
    vision = VISION | {"num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    return _saved(
        folder, DreamLiteMobilePipeline if mobile else DreamLitePipeline, Qwen3VLProcessor, Qwen3VLVideoProcessor,
        text_encoder=Qwen3VLForConditionalGeneration(
            Qwen3VLConfig(text_config=LANGUAGE | {"head_dim": 8}, vision_config=vision, **PLACES)
        ),
        vae=AutoencoderTiny(
            encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1), latent_channels=4, upsampling_scaling_factor=2,
        ),
        unet=DreamLiteUNetModel(
            sample_size=16, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
            down_block_types=("DreamLiteCrossAttnNoSelfAttnDownBlock2D", "DreamLiteCrossAttnDownBlock2D"),
            up_block_types=("DreamLiteCrossAttnUpBlock2D", "DreamLiteUpBlock2D"), cross_attention_dim=WIDTH,
            attention_head_dim=8,
        ),
    )  # fmt: skip


def _saved(folder: Path, kind: type, processor: type, video_processor: type, **parts: torch.nn.Module) -> str:
    """Save a pipeline of these networks, with a scheduler, a tokenizer and a processor of texts and images."""
    tokenizer = _tokenizer()
    kind(
        scheduler=FlowMatchEulerDiscreteScheduler(), tokenizer=tokenizer,
        processor=processor(_image_processor(), tokenizer, video_processor()), **parts,
    ).save_pretrained(folder)  # fmt: skip
    return str(folder)


def _tokenizer() -> Qwen2Tokenizer:
    """Of single bytes."""
    vocabulary = {token: i for i, token in enumerate(TOKENS)}
    return Qwen2Tokenizer(vocab=vocabulary, merges=[], extra_special_tokens=TOKENS[: len(SPECIAL)])


def _image_processor() -> Qwen2VLImageProcessor:
    """Of few patches: a picture becomes four tokens."""
    side = 4 * PATCH
    return Qwen2VLImageProcessor(patch_size=PATCH, size={"shortest_edge": side**2, "longest_edge": side**2})
