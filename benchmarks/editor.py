"""Seconds an edit: the compact editor beside a full-size InstructPix2Pix, in one run.

InstructPix2Pix is built from its public configuration with random weights, which cost the same time.

python -m benchmarks.editor [--editor compact] [--no-reference]
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import time
from collections.abc import Callable

import torch

from modellock_core import load_editor
from modellock_core.editing.editors import PAPER_SETTINGS

# side in px, images, steps; one image of 384 px is a preview in the app
CASES = [*itertools.product((128, 256), (1, 32), (1, 2, 4)), (384, 1, 1)]
# the public configuration of timbrooks/instruct-pix2pix, where it differs from the classes' defaults
UNET = {
    "sample_size": 64, "in_channels": 8, "cross_attention_dim": 768, "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280),
}  # fmt: skip
VAE = {
    "sample_size": 512, "latent_channels": 4, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
}  # fmt: skip
TEXT = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "max_position_embeddings": 77, "vocab_size": 49408, "projection_dim": 768,
}  # fmt: skip


def seconds(work: Callable[[], object], runs: int) -> float:
    """Median of some runs, after one to warm up."""
    times = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times[1:])


@torch.inference_mode()
def instruct_pix2pix(dtype: torch.dtype, runs: int) -> float:
    """Seconds for one edit at the paper's settings: VAE encoding, three-way guidance at every step, VAE decoding."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    unet = UNet2DConditionModel(**UNET).to(dtype).eval()
    vae = AutoencoderKL(**VAE).to(dtype).eval()
    text = CLIPTextModel(CLIPTextConfig(**TEXT)).to(dtype).eval()
    side = PAPER_SETTINGS.size
    image, tokens = torch.rand(1, 3, side, side, dtype=dtype), torch.zeros(3, 77, dtype=torch.long)
    noise = torch.randn(1, 4, side // 8, side // 8, dtype=dtype)

    def edit() -> torch.Tensor:
        states = text(tokens).last_hidden_state
        latents = vae.encode(image).latent_dist.mode()
        for step in range(PAPER_SETTINGS.steps):
            three = torch.cat([torch.cat([noise, latents], dim=1)] * 3)
            unet(three, 999 - step, encoder_hidden_states=states)
        return vae.decode(noise).sample

    return seconds(edit, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--editor", default="compact")
    parser.add_argument("--no-reference", action="store_true", help="leave InstructPix2Pix out")
    args = parser.parse_args()

    editor = load_editor(args.editor)
    settings = {"guidance": 1.0, "image_guidance": 1.0, "seed": 1024}
    rows = {}
    for precision in ("fp32", "bf16"):
        editor.pipeline.unet.to(torch.bfloat16 if precision == "bf16" else torch.float32)
        for size, batch, steps in CASES:
            images = torch.rand(batch, 3, size, size)
            work = lambda: editor.edit(images, "with oil pastel", steps=steps, **settings)  # noqa: B023, E731
            rows[precision, size, batch, steps] = seconds(work, 5 if batch == 1 else 2) / batch
    reference = {}
    if not args.no_reference:
        reference = {"fp32": instruct_pix2pix(torch.float32, 1), "bf16": instruct_pix2pix(torch.bfloat16, 1)}
        print(", ".join(f"InstructPix2Pix {k}: {v:.1f} s an edit" for k, v in reference.items()))

    print("\n| precision | side | batch | steps | ms an image | images/s | times cheaper than InstructPix2Pix |")
    print("|---|---|---|---|---|---|---|")
    for (precision, size, batch, steps), time_ in rows.items():
        ratio = f"{min(reference.values()) / time_:.0f}" if reference else "-"
        print(f"| {precision} | {size} | {batch} | {steps} | {1000 * time_:.1f} | {1 / time_:.0f} | {ratio} |")
    print(f"\n{args.editor}, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
