"""Batch norms folded into the convolutions that they read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norms(network: nn.Module, folds: Sequence[tuple[str, str]]) -> None:
    """Replace each convolution and the batch norm that alone reads it by one convolution, in place; the outputs stay.

    A short finetune on two kinds of images would keep the pretrained statistics anyway: batch statistics spoil it.
    Biases that stem from batch norms alone are not trained (`requires_grad` is False), as torch's fusion leaves them.

    Args:
        network: in eval mode.
        folds: names of the convolution and the batch norm of each pair.
    """
    for conv, norm in folds:
        convolution, batch_norm = network.get_submodule(conv), network.get_submodule(norm)
        assert isinstance(convolution, nn.Conv2d) and isinstance(batch_norm, nn.BatchNorm2d)
        network.set_submodule(conv, fuse_conv_bn_eval(convolution, batch_norm))
        network.set_submodule(norm, getattr(batch_norm, "act", None) or nn.Identity())  # timm's have an activation


def foldable(network: nn.Module, example: Tensor) -> Iterator[tuple[str, str]]:
    """Names of the convolutions whose output goes into a batch norm and nowhere else, each with that batch norm.

    Who reads an output is read off the graph that autograd draws.
    """
    from timm.layers import Conv2dSame

    outputs: dict[Any, str] = {}
    calls: list[tuple[str, Any]] = []

    def on_conv(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        return lambda module, inputs, result: outputs.__setitem__(result.grad_fn, name)

    def on_norm(name: str) -> Callable[[nn.Module, Any], None]:
        return lambda module, inputs: calls.append((name, inputs[0].grad_fn))

    handles = []
    for name, module in network.named_modules():
        if type(module) in (nn.Conv2d, Conv2dSame):  # others may standardise their weights first
            handles.append(module.register_forward_hook(on_conv(name)))
        elif isinstance(module, nn.BatchNorm2d):
            handles.append(module.register_forward_pre_hook(on_norm(name)))
    with torch.enable_grad():
        result = network(example)
    for handle in handles:
        handle.remove()
    readers = _readers([x.grad_fn for x in (result if isinstance(result, tuple) else (result,))])
    once = Counter(chain(outputs.values(), (name for name, _ in calls)))
    for norm, source in calls:
        conv = outputs.get(source)
        if conv and readers[source] == 1 and once[conv] == once[norm] == 1:
            yield conv, norm


def _readers(ends: Sequence[Any]) -> Counter[Any]:
    """How many operations read the output of each, in the autograd graph that ends here."""
    readers: Counter[Any] = Counter()
    seen, waiting = set(ends), list(ends)
    while waiting:
        for source, _ in waiting.pop().next_functions:
            if source is not None:
                readers[source] += 1
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
    return readers
