"""The optimiser of every finetune, a lock's and a thief's: AdamW on one cycle of the learning rate."""

from __future__ import annotations

from torch import nn, optim

WEIGHT_DECAY = 1e-2
WARM_UP = 0.21  # of all steps; the schedule divides by this share of them less 1, which 0.2 makes zero for five steps


def one_cycle(head: nn.Module, rate: float, steps: int) -> tuple[optim.AdamW, optim.lr_scheduler.OneCycleLR]:
    """An optimiser of the weights that require gradients, and its schedule.

    Args:
        rate: the peak.
    """
    optimizer = optim.AdamW([p for p in head.parameters() if p.requires_grad], lr=rate, weight_decay=WEIGHT_DECAY)
    return optimizer, optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=WARM_UP)
