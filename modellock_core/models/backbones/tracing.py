"""A network as a torch.fx graph whose values are known, and which of its modules belong together."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import Argument, map_arg

GroupOf = Callable[[str], Hashable | None]


def grouped_by_parameters(groups: Mapping[str, Hashable]) -> tuple[Callable[[nn.Module, str], bool], GroupOf]:
    """Leaves are the largest modules whose parameters are of one group."""

    def inside(prefix: str) -> set[Hashable]:
        return {group for name, group in groups.items() if name == prefix or name.startswith(prefix + ".")}

    def is_leaf(module: nn.Module, name: str) -> bool:
        return len(inside(name)) <= 1

    def group_of(name: str) -> Hashable | None:
        return next(iter(inside(name)), None)

    return is_leaf, group_of


def grouped_by_lists(network: nn.Module) -> tuple[Callable[[nn.Module, str], bool], GroupOf]:
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
        return groups.get(name) if has_weights(network, name) else None

    return is_leaf, group_of


class ExampleTracer(fx.Tracer):
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


def values_of(network: nn.Module, graph: fx.Graph, example: Tensor) -> dict[fx.Node, Any]:
    """Of every node what it computes from the example."""
    recorder = _Recorder(network, graph)
    with torch.no_grad():
        recorder.run(example)
    return recorder.values


def insert_constants(graph: fx.Graph, first: Mapping[fx.Node, Any], second: Mapping[fx.Node, Any]) -> None:
    """Write numbers that are the same in both runs into the graph, so that they needn't cross a cut."""

    def constant(node: fx.Node) -> Argument:
        value = first[node]
        numbers = value if isinstance(value, tuple) else (value,)
        if all(isinstance(number, int) for number in numbers) and value == second[node]:
            return tuple(value) if isinstance(value, tuple) else value  # a torch.Size is a tuple, too
        return node

    for node in graph.nodes:
        node.args, node.kwargs = map_arg(node.args, constant), map_arg(node.kwargs, constant)


def has_weights(network: nn.Module, name: str) -> bool:
    """Whether a module has parameters; a tensor of the network is one itself."""
    modules = dict(network.named_modules())
    return name not in modules or any(True for _ in modules[name].parameters())
