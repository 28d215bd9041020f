"""Damage to the weights: a lock that is brittle might break and leave the model usable."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn
from torch.nn.utils import prune

from ...work import Steps, part_of
from ..performance import performance
from .setting import Budget, Finding, Target, over_seeds

PRUNED, NOISE = (0.1, 0.3, 0.5, 0.7), (0.02, 0.05, 0.1, 0.2)


def _layers(model: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [module for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


def _without_smallest(model: nn.Module, fraction: float, seed: int) -> None:
    """Zero the smallest weights of every layer, in place."""
    for module in _layers(model):
        prune.remove(prune.l1_unstructured(module, "weight", fraction), "weight")


def _with_noise(model: nn.Module, level: float, seed: int) -> None:
    """Add Gaussian noise, `level` times each layer's own spread, in place."""
    generator = torch.Generator().manual_seed(seed)
    for module in _layers(model):
        noise = torch.randn(module.weight.shape, generator=generator).to(module.weight.device)
        module.weight.data += level * module.weight.data.std() * noise


def _damaged(
    attack: str, form: str, levels: tuple[float, ...], damage: Callable[[nn.Module, float, int], None], seeds: int,
    target: Target, budget: Budget,
) -> Steps[list[Finding]]:  # fmt: skip
    test, findings = target.dataset.test.subset(budget.test_images), []
    for i, level in enumerate(levels):
        reached = []
        for seed in range(seeds):
            # torch's pruning wants contiguous weights
            model = copy.deepcopy(target.locked.model).to(memory_format=torch.contiguous_format)
            damage(model, level, seed)
            testing = performance(replace(target.locked, model=model), test.images, test.targets)
            reached.append((yield from part_of(testing, "Damaging weights", i * seeds + seed, len(levels) * seeds)))
        score, spread = over_seeds(reached)
        findings.append(Finding(attack, form.format(level), "nothing", "seconds", score, *target.reference(), spread))
    return findings


def pruning(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The smallest weights of every layer set to zero."""
    return (yield from _damaged("pruning", "{:.0%} of the weights", PRUNED, _without_smallest, 1, target, budget))


def weight_noise(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Noise on every layer's weights."""
    form = "{:g} of the spread"
    return (yield from _damaged("weight noise", form, NOISE, _with_noise, budget.seeds, target, budget))
