"""Damage to the weights: a lock that is brittle might break and leave the model usable.

The thief prunes the weights, adds noise to them, or rounds them to a few bits, and asks the model about clean images.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from ...work import Steps, part_of
from ..performance import predicted_classes, score
from .labelled import hits_of
from .setting import Budget, Finding, Target, over_seeds

PRUNED, NOISE, BITS = (0.1, 0.3, 0.5, 0.7), (0.02, 0.05, 0.1, 0.2), (8, 4)


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


def _rounded(model: nn.Module, bits: float, seed: int) -> None:
    """Round every layer's weights to so many bits, in place."""
    for module in _layers(model):
        module.weight.data = quantised(module.weight.data, int(bits))


def quantised(weight: Tensor, bits: int) -> Tensor:
    """Weights (out, ...) rounded to 2^bits - 1 levels, symmetric around 0, of each output channel's own range."""
    top = 2 ** (bits - 1) - 1
    scale = weight.flatten(1).abs().amax(1).clamp(min=torch.finfo(weight.dtype).eps) / top  # (out,)
    zero_point = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero_point, 0, -top, top)


def _damaged(
    attack: str, form: str, levels: tuple[float, ...], damage: Callable[[nn.Module, float, int], None], seeds: int,
    target: Target, budget: Budget,
) -> Steps[list[Finding]]:  # fmt: skip
    """A row for each level of damage: the metric on clean test images; of several seeds the best one's hits."""
    task, whole = target.locked.task, target.dataset.test
    test, findings = whole.subset(budget.test_images), []
    for i, level in enumerate(levels):
        reached, answers = [], []
        for seed in range(seeds):
            # torch's pruning wants contiguous weights
            model = copy.deepcopy(target.locked.model).to(memory_format=torch.contiguous_format)
            damage(model, level, seed)
            testing = predicted_classes(replace(target.locked, model=model), test.images, "Testing")
            answers.append((yield from part_of(testing, "Damaging weights", i * seeds + seed, len(levels) * seeds)))
            reached.append(score(task, answers[-1], test.targets))
        mean, spread = over_seeds(reached)
        best = answers[reached.index(max(reached))]
        hits = hits_of(target, best) if len(test) == len(whole) else None
        findings.append(
            Finding(
                attack=attack,
                variant=form.format(level),
                knows="nothing",
                cost="seconds",
                score=mean,
                **target.reference(),
                spread=spread,
                hits=hits,
            )
        )
    return findings


def pruning(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """The smallest weights of every layer set to zero (magnitude pruning, arXiv 1506.02626)."""
    return (yield from _damaged("pruning", "{:.0%} of the weights", PRUNED, _without_smallest, 1, target, budget))


def weight_noise(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Gaussian noise on every layer's weights."""
    form = "{:g} of the spread"
    return (yield from _damaged("weight noise", form, NOISE, _with_noise, budget.seeds, target, budget))


def quantisation(target: Target, budget: Budget) -> Steps[list[Finding]]:
    """Every layer's weights rounded, each output channel symmetric in its own range (arXiv 1806.08342)."""
    return (yield from _damaged("quantisation", "{:g} bits", BITS, _rounded, 1, target, budget))
