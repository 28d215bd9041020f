"""Edit pipelines with the classes of the real ones, random weights and a few thousand parameters, made on the spot.

Tests and `benchmarks.paper --tiny` use them; they paint noise.
"""

from __future__ import annotations

import string
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxKontextPipeline,
    FluxTransformer2DModel,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, PreTrainedTokenizerFast, T5Config, T5EncoderModel

TOKENS = ["<|startoftext|>", "<|endoftext|>", *(c + end for end in ("", "</w>") for c in string.ascii_lowercase)]
WIDTH, LENGTH = 16, 16  # of the text encoders' states, and of their texts


def tiny_tokenizer(length: int = LENGTH) -> CLIPTokenizer:
    """A tokenizer of letters, for texts up to a length."""
    return CLIPTokenizer(vocab={token: i for i, token in enumerate(TOKENS)}, merges=[], model_max_length=length)


def _text_encoder() -> CLIPTextModel:
    config = CLIPTextConfig(
        vocab_size=len(TOKENS), hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=LENGTH, projection_dim=WIDTH, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    return CLIPTextModel(config)


def _vae(**changes: object) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4, norm_num_groups=4, sample_size=32, **changes,
    )  # fmt: skip


def _unet(in_channels: int) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16, in_channels=in_channels, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH, attention_head_dim=4, norm_num_groups=4,
    )  # fmt: skip


def instruct_pix2pix(seed: int = 0) -> StableDiffusionInstructPix2PixPipeline:
    """A tiny InstructPix2Pix."""
    torch.manual_seed(seed)
    return StableDiffusionInstructPix2PixPipeline(
        vae=_vae(), unet=_unet(8), text_encoder=_text_encoder(), tokenizer=tiny_tokenizer(),
        scheduler=EulerAncestralDiscreteScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip


def save_instruct_pix2pix(folder: Path, seed: int = 0) -> str:
    """A tiny InstructPix2Pix; returns its folder."""
    instruct_pix2pix(seed).save_pretrained(folder)
    return str(folder)


def save_lora(file: Path, prefix: str = "unet", extra: int = 0, seed: int = 1) -> str:
    """A LoRA of rank 2 for the attention of these UNets; returns its file.

    Args:
        prefix: of the names of its tensors.
        extra: channels that it has too many, as one for another base.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, module in _unet(8).named_modules():
        if name.endswith("to_q"):
            assert isinstance(module, torch.nn.Linear)
            shapes = {"A": (2, module.in_features + extra), "B": (module.out_features + extra, 2)}
            for matrix, shape in shapes.items():
                weights[f"{prefix}.{name}.lora_{matrix}.weight"] = torch.randn(shape, generator=generator)
    save_file(weights, file)
    return str(file)


def save_turbo(folder: Path) -> str:
    """A tiny SD-Turbo: a text-to-image pipeline whose scheduler is that of a distilled model; returns its folder."""
    torch.manual_seed(0)
    StableDiffusionPipeline(
        vae=_vae(), unet=_unet(4), text_encoder=_text_encoder(), tokenizer=tiny_tokenizer(),
        scheduler=EulerDiscreteScheduler(timestep_spacing="trailing"), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return str(folder)


def save_tiny_vae(folder: Path, latent_channels: int = 4) -> str:
    """A tiny VAE of the class of TAESD, of the same scale as those above; returns its folder."""
    torch.manual_seed(0)
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1), latent_channels=latent_channels, upsampling_scaling_factor=2,
    ).save_pretrained(folder)  # fmt: skip
    return str(folder)


def save_kontext(folder: Path) -> str:
    """A tiny FLUX.1 Kontext; returns its folder."""
    torch.manual_seed(0)
    words = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2, "oil": 3}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    FluxKontextPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_vae(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0, scaling_factor=1.0),
        text_encoder=_text_encoder(), tokenizer=tiny_tokenizer(),
        text_encoder_2=T5EncoderModel(T5Config(
            vocab_size=4, d_model=WIDTH, d_kv=8, d_ff=32, num_layers=1, num_heads=2, pad_token_id=0, eos_token_id=1,
        )),
        tokenizer_2=PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=LENGTH,
        ),
        transformer=FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=WIDTH, pooled_projection_dim=WIDTH, guidance_embeds=True,
            axes_dims_rope=(4, 4, 8),
        ),
    ).save_pretrained(folder)  # fmt: skip
    return str(folder)
