"""How fast this machine is beside the one on which a lock was timed: what a step of a small finetune takes on both."""

from __future__ import annotations

import time

MEASURED = 0.067  # s, on the machine of `lock_times.MEASURED`
IMAGES, TRIES = 8, 5
_slowness: float | None = None


def measure() -> None:
    """Try it once, in processor time: when the page starts, much else does."""
    global _slowness
    import torch

    from modellock_core.devices import best_device
    from modellock_core.models.backbones import load_backbone
    from modellock_core.models.freezing import split_model
    from modellock_core.models.tasks import load_task

    if _slowness is not None or best_device().type != "cpu":
        return
    trunk, head = split_model(load_task("classification", ("one", "other"), load_backbone()).build(), 0.5)
    with torch.no_grad():
        activations = trunk(torch.ones(IMAGES, 3, 128, 128).to(memory_format=torch.channels_last))
    times = []
    for _ in range(TRIES):
        begun = time.thread_time()
        head(activations).sum().backward()
        times.append(time.thread_time() - begun)
    _slowness = min(times) / MEASURED


def slowness() -> float | None:
    """How many times as long this machine takes; None where it was not tried yet."""
    return _slowness
