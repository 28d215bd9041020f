"""Memory and seconds an edit of the big editors at their real sizes, on this machine: docs/editors.md's table.

Built from their public configurations with random weights, which cost the same time. Each runs in a process of its own.
A stopped run resumes: every editor adds a line to docs/big-editors.jsonl when it is measured.

python -m benchmarks.big_editors [--editors NAME ...] [--precisions fp32 bf16] [--runs 2] [--write]
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from modellock_core.devices import best_device
from modellock_core.editing.editors import EditSettings
from modellock_core.editing.editors.hub import HubEditor

from .results import add_line, read_lines

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- benchmarks.big_editors -->", "<!-- end -->"
PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# public configurations, where they differ from the classes' defaults
UNET = {"sample_size": 64, "block_out_channels": (320, 640, 1280, 1280)}
VAE = {
    "sample_size": 512, "latent_channels": 4, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
}  # fmt: skip
TEXT = {"max_position_embeddings": 77, "vocab_size": 49408, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}


@dataclass(frozen=True)
class Row:
    """What was measured of an editor.

    Attributes:
        settings: in words.
        parameters: of its networks.
        gigabytes: the most memory that the process, or on CUDA the GPU, held.
        teraflop, seconds: of one edit.
        where: the device, its threads and torch's version.
    """

    name: str
    precision: str
    settings: str
    parameters: int
    gigabytes: float
    teraflop: float
    seconds: float
    where: str


def instruct_pix2pix() -> Any:
    """InstructPix2Pix: Stable Diffusion 1.5 with the source's latents beside the noise."""
    from diffusers import (
        AutoencoderKL,
        EulerAncestralDiscreteScheduler,
        StableDiffusionInstructPix2PixPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextConfig(
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        **TEXT,
    )
    return StableDiffusionInstructPix2PixPipeline(
        unet=UNet2DConditionModel(in_channels=8, cross_attention_dim=768, attention_head_dim=8, **UNET),
        vae=AutoencoderKL(**VAE), text_encoder=CLIPTextModel(text), tokenizer=_tokenizer(),
        scheduler=EulerAncestralDiscreteScheduler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip


def sd_turbo() -> Any:
    """SD-Turbo with the tiny VAE: Stable Diffusion 2.1 distilled to few steps."""
    from diffusers import (
        AutoencoderTiny,
        EulerDiscreteScheduler,
        StableDiffusionImg2ImgPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, projection_dim=512,
        hidden_act="gelu", **TEXT,
    )  # fmt: skip
    return StableDiffusionImg2ImgPipeline(
        unet=UNet2DConditionModel(
            cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True, **UNET
        ),
        vae=AutoencoderTiny(), text_encoder=CLIPTextModel(text), tokenizer=_tokenizer(),
        scheduler=EulerDiscreteScheduler(timestep_spacing="trailing"), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip


def _tokenizer() -> Any:
    from .tiny_editors import tiny_tokenizer

    return tiny_tokenizer(TEXT["max_position_embeddings"])


def tiny() -> Any:
    """A pipeline of a few thousand parameters, to try this benchmark."""
    from .tiny_editors import instruct_pix2pix as build

    return build()


EDITORS: dict[str, tuple[Callable[[], Any], int]] = {  # how it is built, and at which side in px it edits
    "InstructPix2Pix": (instruct_pix2pix, 256),
    "SD-Turbo, tiny VAE": (sd_turbo, 256),
    "SD-Turbo, tiny VAE, 512 px": (sd_turbo, 512),
    "tiny": (tiny, 32),
}


def measure(name: str, precision: str, runs: int, threads: int) -> Row:
    """Build an editor and measure one edit, in this process."""
    from torch.utils.flop_counter import FlopCounterMode

    torch.manual_seed(0)
    torch.set_num_threads(threads)
    build, size = EDITORS[name]
    torch.set_default_dtype(PRECISIONS[precision])  # so that the weights never take the memory of fp32
    pipeline = build()
    torch.set_default_dtype(torch.float32)
    editor = HubEditor.around(pipeline, name)
    defaults: EditSettings = editor.family.defaults
    image = torch.rand(1, 3, size, size)

    def edit() -> None:
        editor.edit(
            image, "with oil pastel", steps=defaults.steps, guidance=defaults.guidance,
            image_guidance=defaults.image_guidance, strength=defaults.strength, seed=0,
        )  # fmt: skip

    with FlopCounterMode(display=False) as counter:
        edit()  # and warms up
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        edit()  # ends with the images on the CPU
        times.append(time.perf_counter() - begun)
    words = {"steps": defaults.steps, "guidance": defaults.guidance}
    words |= {"strength": defaults.strength} if defaults.strength else {"image guidance": defaults.image_guidance}
    parts = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    return Row(
        name, precision, ", ".join(f"{k} {v:g}" for k, v in words.items()) + f", {size} px",
        sum(p.numel() for part in parts for p in part.parameters()), _peak(),
        counter.get_total_flops() / 1e12, statistics.median(times), place(),
    )  # fmt: skip


def _peak() -> float:
    """Gigabytes at most: of the GPU's memory, or of this process."""
    if best_device().type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def place() -> str:
    """Where it is measured."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{platform.machine()} CPU"
    return f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def table(rows: list[Row]) -> str:
    """Markdown of the rows, a table for each place where they were measured."""
    lines = []
    for where in dict.fromkeys(row.where for row in rows):
        lines += [
            f"{where}:",
            "",
            "| editor | precision | settings | parameters | memory | TFLOP an edit | seconds an edit |",
            "|---|---|---|---|---|---|---|",
            *(
                f"| {row.name} | {row.precision} | {row.settings} | {row.parameters / 1e6:,.0f} M "
                f"| {row.gigabytes:.1f} GB | {row.teraflop:.2f} | {row.seconds:.1f} |"
                for row in rows
                if row.where == where
            ),
            "",
        ]
    return "\n".join(lines).rstrip()


def write(file: Path, text: str) -> None:
    """Put the table between its marks in a page.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = file.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{file} has no place for the table; it needs the lines {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    real = [name for name in EDITORS if name != "tiny"]
    parser.add_argument("--editors", nargs="+", choices=EDITORS, default=real)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=["fp32", "bf16"])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--results", type=Path, default=DOCS / "big-editors.jsonl", help="a line for each that is done")
    parser.add_argument(
        "--write", type=Path, nargs="?", const=DOCS / "editors.md", help="put the table of all results into a page"
    )
    args = parser.parse_args(arguments)
    for name in args.editors:
        for precision in args.precisions:
            rows = [Row(**line) for line in read_lines(args.results)]
            if (name, precision, place()) not in {(row.name, row.precision, row.where) for row in rows}:
                with multiprocessing.get_context("spawn").Pool(1) as process:  # its memory is its own
                    row = process.apply(measure, (name, precision, args.runs, torch.get_num_threads()))
                add_line(args.results, asdict(row))
                rows.append(row)
                print(table([row]), flush=True)
            if args.write:
                write(args.write, table(rows))


if __name__ == "__main__":
    main()
