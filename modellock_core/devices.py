"""On which device the core works, and what part of the work is this process's: Accelerate knows both."""

from __future__ import annotations

from functools import lru_cache

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list, gather
from torch import Tensor, nn


@lru_cache(maxsize=1)
def accelerator() -> Accelerator:
    """One for the whole process; `accelerate launch` tells it of the others."""
    return Accelerator(cpu=not torch.cuda.is_available())


def best_device() -> torch.device:
    """CUDA where there is one, else the CPU."""
    return accelerator().device


def on_device(activations: Tensor) -> Tensor:
    """Cached activations (N, ...) on the best device in fp32; feature maps (N, C, h, w) in channels_last."""
    layout = torch.channels_last if activations.dim() == 4 else torch.contiguous_format
    return activations.to(best_device(), torch.float32, memory_format=layout)


def fast_dtype() -> torch.dtype:
    """bfloat16 on devices that multiply it faster than float32, else float32."""
    if best_device().type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # not in old versions of torch
    return torch.bfloat16 if capabilities.get("amx_bf16") else torch.float32


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


def data_parallel(module: nn.Module) -> nn.Module:
    """The module with gradients averaged over all processes; the module itself where there is only one."""
    if accelerator().num_processes == 1:
        return module
    prepared = accelerator().prepare_model(module)
    accelerator().free_memory()  # it would keep every module it has prepared
    return prepared
