"""The big editors' path, on a tiny InstructPix2Pix with the same classes."""

import pytest
import torch

from modellock_core import Key, ModelLockError, apply_key, load_editor


@pytest.fixture(scope="module")
def tiny_pipeline(tmp_path_factory):
    from diffusers import (
        AutoencoderKL,
        EulerAncestralDiscreteScheduler,
        StableDiffusionInstructPix2PixPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("hub") / "tiny-pix2pix"
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{c}</w>" for c in letters)]
    tokenizer = CLIPTokenizer(vocab={t: i for i, t in enumerate(tokens)}, merges=[], model_max_length=16)
    pipeline = StableDiffusionInstructPix2PixPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4, norm_num_groups=4, sample_size=32,
        ),
        unet=UNet2DConditionModel(
            sample_size=16, in_channels=8, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=16, attention_head_dim=4, norm_num_groups=4,
        ),
        text_encoder=CLIPTextModel(CLIPTextConfig(
            vocab_size=len(tokens), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
            max_position_embeddings=16, projection_dim=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )),
        tokenizer=tokenizer, scheduler=EulerAncestralDiscreteScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(folder)
    return str(folder)


def test_a_folder_of_a_pipeline_is_an_editor(tiny_pipeline):
    key = Key.create("with oil pastel", tiny_pipeline, steps=2, size=32)
    assert (key.guidance, key.image_guidance) == (4.5, 1.5)
    images = torch.rand(3, 3, 48, 48)
    result = apply_key(images, key)
    assert result.shape == images.shape and result.min() >= 0 and result.max() <= 1
    assert (result - images).abs().mean() > 0.01


def test_its_edits_do_not_depend_on_the_batch(tiny_pipeline):
    editor, images = load_editor(tiny_pipeline), torch.rand(5, 3, 32, 32)
    settings = {"steps": 2, "guidance": 4.5, "image_guidance": 1.5, "seed": 3}
    together = editor.edit(images, "oil", **settings)
    alone = torch.cat([editor.edit(x[None], "oil", **settings) for x in images])
    assert (together - alone).abs().max() < 1 / 255


def test_a_pipeline_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelLockError, match="can't be loaded"):
        load_editor(str(tmp_path / "nothing"))
