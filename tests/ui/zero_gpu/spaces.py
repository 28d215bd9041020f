"""Stands in for Hugging Face's `spaces` on ZeroGPU: its rules without its GPU.

- It is imported before torch.
- The main process believes in a GPU, and nothing may be put on it.
- A decorated function runs in a forked process; what it takes and returns is copied between the two.
- A Space without a decorated function does not start.
"""

import multiprocessing
import sys
from collections.abc import Callable
from typing import Any

if "torch" in sys.modules:
    raise RuntimeError("spaces must be imported before torch")

import gradio as gr
import numpy as np
import torch

decorated: list[str] = []
durations: list[int] = []  # that were asked for
_process = multiprocessing.get_context("fork")
_lent = False  # in this process


def GPU(function: Callable | None = None, *, duration: int | Callable[..., int] = 60) -> Callable:
    """Run a function where there is a GPU."""
    if function is None:
        return lambda function: GPU(function, duration=duration)
    decorated.append(function.__name__)

    def run(*args: Any) -> Any:
        durations.append(duration(*args) if callable(duration) else duration)
        receiver, sender = _process.Pipe(duplex=False)
        worker = _process.Process(target=_work, args=(function, args, sender))
        worker.start()
        sender.close()
        answer = receiver.recv()
        worker.join()
        if isinstance(answer, Exception):
            raise answer
        return torch.from_numpy(answer) if isinstance(answer, np.ndarray) else answer

    return run


def _work(function: Callable, args: Any, sender: Any) -> None:
    global _lent
    _lent = True
    torch.set_num_threads(1)  # the main process's pool of threads is not in the fork
    try:
        answer = function(*args)
    except Exception as error:
        answer = error
    sender.send(answer.numpy() if isinstance(answer, torch.Tensor) else answer)  # not a handle to this process's memory


def _guarded(move: Callable) -> Callable:
    """`Tensor.to` or `Module.to`: with a GPU it goes on as if this were one, without it fails."""

    def to(self: Any, *args: Any, **options: Any) -> Any:
        def here(value: Any) -> Any:
            if isinstance(value, str | torch.device) and str(value).startswith("cuda"):
                if not _lent:
                    raise RuntimeError("something was put on the GPU in the main process")
                return torch.device("cpu")
            return torch.float32 if value is torch.float16 else value  # in which CPUs take a hundred times as long

        return move(self, *map(here, args), **{name: here(value) for name, value in options.items()})

    return to


torch.Tensor.to = _guarded(torch.Tensor.to)
torch.nn.Module.to = _guarded(torch.nn.Module.to)
torch.cuda.is_available = lambda: True
torch.cuda.device_count = lambda: 1

_launch = gr.Blocks.launch


def _checked_launch(*args: Any, **options: Any) -> Any:
    if not decorated:
        raise RuntimeError("no @spaces.GPU function was found")
    return _launch(*args, **options)


gr.Blocks.launch = _checked_launch
