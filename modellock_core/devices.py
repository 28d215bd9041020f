"""On which device the core works, and what part of the work is this process's: Accelerate knows both."""

from __future__ import annotations

import os
import time
from functools import lru_cache

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from accelerate.utils import broadcast_object_list, gather
from torch import Tensor, nn

from .errors import ModelLockError

FASTER, TRIES = 1.2, 6  # that bfloat16 has to be, so that chance does not decide
MIXED_PRECISION = "ACCELERATE_MIXED_PRECISION"  # what `accelerate launch --mixed_precision` sets


@lru_cache(maxsize=1)
def accelerator() -> Accelerator:
    """One for the whole process; `accelerate launch` tells it of the others, and in which precision to train.

    Raises:
        ModelLockError: this machine can't train in that precision.
    """
    wanted = os.environ.get(MIXED_PRECISION, "no").lower()
    if wanted not in ("no", "bf16", "fp16"):
        raise ModelLockError(f"mixed precision is no, bf16 or fp16, got {wanted!r}; change --mixed_precision")
    try:
        made = Accelerator(cpu=not torch.cuda.is_available())
        if made.mixed_precision == "fp16" and made.device.type == "cpu":  # newer versions train in fp32 without a word
            raise ValueError("fp16 needs a GPU")
    except ValueError as error:
        raise ModelLockError(f"{str(error).rstrip('.')}; change --mixed_precision to one that fits") from None
    return made


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return accelerator().device


def on_device(activations: Tensor) -> Tensor:
    """Cached activations (N, ...) on the best device in fp32; feature maps (N, C, h, w) in channels_last."""
    layout = torch.channels_last if activations.dim() == 4 else torch.contiguous_format
    return activations.to(best_device(), torch.float32, memory_format=layout)


@lru_cache(maxsize=1)
def fast_dtype() -> torch.dtype:
    """bfloat16 on devices that multiply it faster than float32, else float32.

    CPUs that multiply it without AMX differ: on some it is twice as fast, on others slower. So it is tried there.
    """
    if best_device().type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # not in old versions of torch
    if capabilities.get("amx_bf16"):
        return torch.bfloat16
    if not capabilities.get("avx512_bf16"):
        return torch.float32
    plain, half = _seconds(torch.float32), _seconds(torch.bfloat16)
    return torch.bfloat16 if plain > FASTER * half else torch.float32


def _seconds(dtype: torch.dtype) -> float:
    """What a small convolution takes, at best, on this CPU with all its threads, in seconds."""
    weight = torch.ones(64, 64, 3, 3, dtype=dtype).to(memory_format=torch.channels_last)
    images = torch.ones(4, 64, 32, 32, dtype=dtype).to(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(TRIES):
            begun = time.perf_counter()
            F.conv2d(images, weight, padding=1)
            times.append(time.perf_counter() - begun)
    return min(times)


def inference_batch() -> int:
    """Images that a network answers at a time: many keep a GPU busy, and on a CPU their activations are slow to get."""
    return 64 if best_device().type == "cuda" else 16


def agreed(text: str) -> str:
    """The first process's text in all of them, such as what each has drawn at random."""
    accelerator()  # it must know of the other processes first
    return broadcast_object_list([text])[0]


def own_share(count: int) -> Tensor:
    """Which of `count` samples are this process's (M,); the last is repeated where shares would differ in length."""
    with accelerator().split_between_processes(list(range(count)), apply_padding=True) as rows:
        return torch.tensor(rows)


def gathered(share: Tensor, rows: Tensor) -> Tensor:
    """All processes' samples (N, ...) in order, from each one's `share` (M, ...) and what `own_share` gave it."""
    if accelerator().num_processes == 1:
        return share
    device = best_device()
    shares, order = gather(share.to(device)).to(share.device), gather(rows.to(device)).to(share.device)
    whole = shares.new_empty((int(order.max()) + 1, *shares.shape[1:]))
    whole[order] = shares
    return whole


def prepared(model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, AcceleratedOptimizer]:
    """A model and its optimizer as they are trained: on the best device, by all processes together.

    With mixed precision, the model computes in it and answers in fp32, and the optimizer skips steps whose gradients
    overflowed (`step_was_skipped`). The parameters stay in fp32.
    """
    model, optimizer = accelerator().prepare(model, optimizer)
    accelerator().free_memory()  # it would keep every model it has prepared
    return model, optimizer
