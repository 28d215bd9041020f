"""Any image network, cut into a row of blocks; `timm_backbone.py` and `transformers_backbone.py` say how to load one.

The network is traced by torch.fx on the meta device, so that neither weights nor memory are needed to plan the cuts. A
network can be cut wherever a single tensor carries all that was computed so far; residual connections forbid the rest.
"""

from __future__ import annotations

import contextlib
import threading
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from ...errors import ModelLockError
from . import Stages, Tap
from .folding import fold_batch_norms, foldable
from .tracing import (
    ExampleTracer,
    GroupOf,
    grouped_by_lists,
    grouped_by_parameters,
    has_weights,
    insert_constants,
    values_of,
)

FREE_SIDE = 256  # px of the example for networks that take any size; a multiple of all usual strides
_TRACING = threading.Lock()  # fx patches the modules of the whole process while it traces


@dataclass(frozen=True)
class Plan:
    """How a network is cut; made without its weights.

    Attributes:
        pieces: the blocks and then the pool, as graphs of one input and one output each.
        feature_dim: of the pooled features.
        taps: the last block of each stride; empty where `fixed_size`.
        folds: names of convolutions, and of the batch norm that reads each.
        fixed_size: whether the network takes images of one size only.
    """

    pieces: tuple[fx.Graph, ...]
    feature_dim: int
    taps: tuple[Tap, ...]
    folds: tuple[tuple[str, str], ...]
    fixed_size: bool

    def stages(self, network: nn.Module) -> Stages:
        """The blocks of a network in eval mode like the one that was planned with; it is changed in place."""
        fold_batch_norms(network, self.folds)
        *blocks, pool = (fx.GraphModule(network, piece).eval() for piece in self.pieces)
        return Stages(tuple(blocks), pool, self.feature_dim, self.taps)


@dataclass(frozen=True)
class NetworkBackbone:
    """A `Backbone` by its plan and by how it is loaded.

    Attributes:
        name: what `load_backbone` takes.
        image_size: side in px that it was trained at.
        mean: of each channel, or one for all.
        std: of each channel, or one for all.
        plan: how the network is cut.
        load: the network in eval mode, fp32, with trained or with random weights.
    """

    name: str
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    plan: Plan
    load: Callable[[bool], nn.Module]

    def normalise(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [0, 1] as the network was trained on them, in channels_last.

        They are resized to `image_size` only for networks that take no other size.
        """
        if self.plan.fixed_size and images.shape[-2:] != (self.image_size, self.image_size):
            images = F.interpolate(images, (self.image_size, self.image_size), mode="bilinear", antialias=True)
        mean, std = (images.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return ((images - mean) / std).contiguous(memory_format=torch.channels_last)

    def stages(self, pretrained: bool = True) -> Stages:
        """A new network in eval mode, fp32, batch norms folded into convolutions; random weights if not pretrained.

        Raises:
            ModelLockError: the weights are not there, or do not fit.
        """
        return self.plan.stages(self.load(pretrained))


def plan(
    network: nn.Module, image_size: int, groups: Mapping[str, Hashable] | None = None, fixed_size: bool = False
) -> Plan:
    """Plan how to cut a network.

    Args:
        network: on the meta device, in eval mode; maps images (N, 3, H, W) to features (N, D), or to a pair of the
            last block's output, perhaps normalised, and features.
        image_size: side in px that it was trained at.
        groups: which parameters belong together, by name; by default the members of each list of like modules do.
        fixed_size: whether it is known to take images of one size only; otherwise that is found out.

    Raises:
        ModelLockError: the network cannot be cut.
    """
    with _TRACING:
        return _plan_for_sizes(network, image_size, groups, fixed_size)


def _plan_for_sizes(
    network: nn.Module, image_size: int, groups: Mapping[str, Hashable] | None, fixed_size: bool
) -> Plan:
    free = ((FREE_SIDE, FREE_SIDE), (FREE_SIDE, 2 * FREE_SIDE))
    fixed = ((image_size, image_size),) * 2
    if not fixed_size:
        with contextlib.suppress(Exception):  # whatever an unknown network raises that takes images of one size only
            return _plan(network, free, groups)
    try:
        return _plan(network, fixed, groups)
    except Exception as error:
        raise ModelLockError(
            f"this network cannot be cut into blocks ({in_one_line(error)}); choose another one"
        ) from error


def in_one_line(error: Exception) -> str:
    """The text of a library's error, for the message of a `ModelLockError`."""
    return " ".join(str(error).split())


def _plan(network: nn.Module, sizes: Sequence[tuple[int, int]], groups: Mapping[str, Hashable] | None) -> Plan:
    """Plan for networks that take images of any size (H, W), or of one size only if the two sizes are the same.

    Raises:
        ValueError: the network is no row of blocks at these sizes.
    """
    fixed_size = sizes[0] == sizes[1]
    # two batch sizes, to tell what depends on the batch from what is always the same
    examples = [torch.zeros(n, 3, *size, device="meta") for n, size in zip((2, 3), sizes, strict=True)]
    is_leaf, group_of = grouped_by_parameters(groups) if groups else grouped_by_lists(network)
    tracer = ExampleTracer(is_leaf, examples[0])
    graph = tracer.trace(network)
    if tracer.decided and not fixed_size:
        raise ValueError("what it computes depends on the size of the images")
    values = [values_of(network, graph, example) for example in examples]
    if fixed_size:
        insert_constants(graph, *values)
    cuts = _cuts(network, graph, values, group_of)
    nodes = list(graph.nodes)
    features = values[0][nodes[-2]]  # the last but the output
    if len(cuts) < 2 or features.dim() != 2:
        raise ValueError("it is no row of blocks that ends in features")
    outputs = [(values[0][nodes[i]], values[1][nodes[i]]) for i in cuts]
    taps = () if fixed_size else _taps(outputs)
    folds = tuple(foldable(network, examples[0]))
    return Plan(tuple(_pieces(graph, cuts)), features.shape[1], taps, folds, fixed_size)


def _cuts(network: nn.Module, graph: fx.Graph, values: Sequence[Mapping[fx.Node, Any]], group_of: GroupOf) -> list[int]:
    """After which nodes of the graph a block ends; what comes after the last makes features of its output.

    The graph's output becomes the features alone.
    """
    output = graph.output_node()
    results = output.args[0]
    last, features = results if isinstance(results, tuple) else (results, results)
    if not isinstance(last, fx.Node):  # several feature maps at once
        return []
    output.args = (features,)
    graph.eliminate_dead_code(lambda node: node.op in ("placeholder", "output"))
    nodes = list(graph.nodes)
    index = {node: i for i, node in enumerate(nodes)}

    reach = [max((index[user] for user in node.users), default=i) for i, node in enumerate(nodes)]
    live = [[j for j in range(i + 1) if reach[j] > i] for i in range(len(nodes))]

    def can_be_cut(i: int) -> bool:
        crossing = [nodes[j] for j in live[i]]
        if len(crossing) != 1 or crossing[0] is not nodes[i] or nodes[i].op in ("placeholder", "get_attr"):
            return False
        tensors = [value[nodes[i]] for value in values]
        return all(isinstance(x, Tensor) and x.dim() > 1 and len(x) == n for x, n in zip(tensors, (2, 3), strict=True))

    named = {i: str(node.target) for i, node in enumerate(nodes) if node.op in ("call_module", "get_attr")}
    grouped = [(i, group_of(name)) for i, name in named.items() if i <= index[last]]
    grouped = [(i, group) for i, group in grouped if group is not None]
    if not grouped:
        return []
    final = next(i for i, group in grouped if group == grouped[-1][1])  # where the last group begins
    cuts = []
    for (here, group), (there, following) in pairwise(grouped):
        between = [i for i in range(here, there) if can_be_cut(i)]
        if group != following and between and there <= final:
            cuts.append(between[-1])  # activations and glue belong to the block before

    def later_maps(end: int) -> Iterator[int]:
        """Where what the last block puts out in another order, as channels last, becomes a feature map."""
        count = values[0][nodes[end]].numel()
        for i in (end, *(i for i in ends if i > end)):
            pair = [value[nodes[i]] for value in values]
            if (i > end and i in weighted) or pair[0].numel() != count:
                return
            if _is_map(*pair):
                yield i

    # the last block ends before anything with weights, and before the pooling
    weighted = {i for i, name in named.items() if has_weights(network, name)}
    ends = [i for i in range(final, len(nodes) - 1) if can_be_cut(i)]
    if ends:
        shape = values[0][nodes[ends[0]]].shape
        stop = next(
            (i for i in ends if i > ends[0] and (i in weighted or values[0][nodes[i]].shape != shape)), len(nodes)
        )
        end = ends[bisect_right(ends, stop - 1) - 1]
        cuts.append(next(later_maps(end), end))
    return cuts


def _pieces(graph: fx.Graph, positions: Sequence[int]) -> Iterator[fx.Graph]:
    """The graph cut after these nodes; the output of each piece is the input of the next."""
    nodes = list(graph.nodes)
    starts = [0, *(i + 1 for i in positions)]
    stops = [*(i + 1 for i in positions), len(nodes) - 1]
    for start, stop in zip(starts, stops, strict=True):
        piece, copies = fx.Graph(), {}
        if start:
            copies[nodes[start - 1]] = piece.placeholder("activations")
        for node in nodes[start:stop]:
            copies[node] = piece.node_copy(node, copies.__getitem__)
        piece.output(copies[nodes[stop - 1]])
        yield piece


def _taps(maps: Sequence[Sequence[Tensor]]) -> tuple[Tap, ...]:
    """The last block of each stride, from its outputs on a square and on a twice as wide example."""
    taps = {}
    for block, (square, wide) in enumerate(maps):
        if _is_map(square, wide):
            stride = FREE_SIDE // square.shape[3]
            taps[stride] = Tap(block, square.shape[1], stride)
    return tuple(taps[stride] for stride in sorted(taps))


def _is_map(square: Tensor, wide: Tensor) -> bool:
    """Whether what comes of a square and of a twice as wide example are feature maps (N, C, h, w)."""
    return square.dim() == 4 and wide.shape[1:] == (*square.shape[1:3], 2 * square.shape[3])
