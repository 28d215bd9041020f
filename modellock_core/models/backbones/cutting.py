"""Any image network, cut into a row of blocks; `timm_backbone.py` and `transformers_backbone.py` say how to load one.

The network is traced by torch.fx on the meta device, so that neither weights nor memory are needed to plan the cuts. A
network can be cut wherever a single tensor carries all that was computed so far; residual connections forbid the rest.
"""

from __future__ import annotations

import contextlib
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.node import Argument, map_arg
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ...errors import ModelLockError
from . import Stages, Tap

FREE_SIDE = 256  # px of the example for networks that take any size; a multiple of all usual strides
_TRACING = threading.Lock()  # fx patches the modules of the whole process while it traces
GroupOf = Callable[[str], Hashable | None]


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
    is_leaf, group_of = _by_parameters(groups) if groups else _by_lists(network)
    tracer = _Tracer(is_leaf, examples[0])
    graph = tracer.trace(network)
    if tracer.decided and not fixed_size:
        raise ValueError("what it computes depends on the size of the images")
    values = [_values(network, graph, example) for example in examples]
    if fixed_size:
        _insert_constants(graph, *values)
    cuts = _cuts(network, graph, values, group_of)
    nodes = list(graph.nodes)
    features = values[0][nodes[-2]]  # the last but the output
    if len(cuts) < 2 or features.dim() != 2:
        raise ValueError("it is no row of blocks that ends in features")
    outputs = [(values[0][nodes[i]], values[1][nodes[i]]) for i in cuts]
    taps = () if fixed_size else _taps(outputs)
    folds = tuple(_foldable(network, examples[0]))
    return Plan(tuple(_pieces(graph, cuts)), features.shape[1], taps, folds, fixed_size)


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


def _by_parameters(groups: Mapping[str, Hashable]) -> tuple[Callable[[nn.Module, str], bool], GroupOf]:
    """Leaves are the largest modules whose parameters are of one group."""

    def inside(prefix: str) -> set[Hashable]:
        return {group for name, group in groups.items() if name == prefix or name.startswith(prefix + ".")}

    def is_leaf(module: nn.Module, name: str) -> bool:
        return len(inside(name)) <= 1

    def group_of(name: str) -> Hashable | None:
        return next(iter(inside(name)), None)

    return is_leaf, group_of


def _by_lists(network: nn.Module) -> tuple[Callable[[nn.Module, str], bool], GroupOf]:
    """Leaves are the largest modules without lists of like modules; each member of a list is a group of its own.

    What comes before the lists is a group too.
    """

    def is_list(module: nn.Module) -> bool:
        return isinstance(module, nn.ModuleList | nn.Sequential) and len({type(child) for child in module}) == 1

    lists = tuple(name + "." for name, module in network.named_modules() if is_list(module))
    groups: dict[str, str] = {}
    for name, _ in network.named_modules():
        if name.startswith(lists):
            groups[name] = name
        elif not any(groups.values()):
            groups[name] = ""

    def is_leaf(module: nn.Module, name: str) -> bool:
        return not any(map(is_list, module.modules()))

    def group_of(name: str) -> Hashable | None:
        return groups.get(name) if _has_weights(network, name) else None

    return is_leaf, group_of


class _Tracer(fx.Tracer):
    """Traces with an example at hand, whose values decide where the network's code branches.

    Attributes:
        decided: whether it ever branched.
    """

    def __init__(self, is_leaf: Callable[[nn.Module, str], bool], example: Tensor):
        super().__init__()
        self.decided = False
        self._is_leaf, self._example, self._running = is_leaf, example, False
        self._thread = threading.get_ident()

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return self._is_leaf(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return forward(*args, **kwargs) if self._untraced() else super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        return attr_val if self._untraced() else super().getattr(attr, attr_val, parameter_proxy_cache)

    def _untraced(self) -> bool:
        """Whether a module runs as it is: fx patches modules of all threads, such as an editor's that works beside."""
        return self._running or threading.get_ident() != self._thread

    def to_bool(self, obj: fx.Proxy) -> bool:
        self.decided = True
        graph = fx.Graph()
        copies: dict[fx.Node, fx.Node] = {}
        graph.graph_copy(self.graph, copies)
        graph.output(copies[obj.node])
        with self._run():
            return bool(fx.Interpreter(self.root, graph=graph).run(self._example))

    @contextlib.contextmanager
    def _run(self) -> Iterator[None]:
        """Let modules run as they are, not traced."""
        self._running = True
        try:
            yield
        finally:
            self._running = False


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps the value of every node."""

    def __init__(self, network: nn.Module, graph: fx.Graph):
        super().__init__(network, garbage_collect_values=False, graph=graph)
        self.values: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        self.values[n] = super().run_node(n)
        return self.values[n]


def _values(network: nn.Module, graph: fx.Graph, example: Tensor) -> dict[fx.Node, Any]:
    """Of every node what it computes from the example."""
    recorder = _Recorder(network, graph)
    with torch.no_grad():
        recorder.run(example)
    return recorder.values


def _insert_constants(graph: fx.Graph, first: Mapping[fx.Node, Any], second: Mapping[fx.Node, Any]) -> None:
    """Write numbers that are the same in both runs into the graph, so that they needn't cross a cut."""

    def constant(node: fx.Node) -> Argument:
        value = first[node]
        numbers = value if isinstance(value, tuple) else (value,)
        if all(isinstance(number, int) for number in numbers) and value == second[node]:
            return tuple(value) if isinstance(value, tuple) else value  # a torch.Size is a tuple, too
        return node

    for node in graph.nodes:
        node.args, node.kwargs = map_arg(node.args, constant), map_arg(node.kwargs, constant)


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
    # the last block ends before anything with weights, and before the pooling
    weighted = {i for i, name in named.items() if _has_weights(network, name)}
    ends = [i for i in range(final, len(nodes) - 1) if can_be_cut(i)]
    if ends:
        shape = values[0][nodes[ends[0]]].shape
        stop = next(
            (i for i in ends if i > ends[0] and (i in weighted or values[0][nodes[i]].shape != shape)), len(nodes)
        )
        cuts.append(ends[bisect_right(ends, stop - 1) - 1])
    return cuts


def _has_weights(network: nn.Module, name: str) -> bool:
    """Whether a module has parameters; a tensor of the network is one itself."""
    modules = dict(network.named_modules())
    return name not in modules or any(True for _ in modules[name].parameters())


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
        if square.dim() == 4 and wide.shape[1:] == (*square.shape[1:3], 2 * square.shape[3]):
            stride = FREE_SIDE // square.shape[3]
            taps[stride] = Tap(block, square.shape[1], stride)
    return tuple(taps[stride] for stride in sorted(taps))


def _foldable(network: nn.Module, example: Tensor) -> Iterator[tuple[str, str]]:
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
