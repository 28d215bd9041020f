"""Decode many images into one uint8 tensor: in memory, or in a temporary file when there are many.

Every source reads its images through `decode`; `StoredImages` then gives them row by row.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import numpy as np
import torch
from torch import Tensor

from ..errors import ModelLockError
from ..threads import available_cores

MAX_IN_MEMORY = 2**30  # bytes; what is larger waits on disk, so that a dataset may be larger than memory
CHUNK = 64  # rows that wait in memory before they are written
THREADS = min(8, available_cores())


def decode(count: int, shape: tuple[int, ...], read: Callable[[int], Tensor], threads: int = THREADS) -> Tensor:
    """What `read` gives for the rows 0 to count - 1, in this order whatever the threads.

    Args:
        shape: of one row.
        read: the pixels of a row, `shape` uint8; more than one thread calls it at once.

    Returns:
        (count, *shape) uint8.

    Raises:
        ModelLockError: the temporary folder is full; or whatever `read` raises.
    """
    with ThreadPoolExecutor(threads) as pool:
        rows = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
        chunks = (torch.stack(list(pool.map(read, chunk))) for chunk in rows)
        if count * math.prod(shape) > MAX_IN_MEMORY:
            return _on_disk(chunks, (count, *shape))
        pixels = torch.empty(count, *shape, dtype=torch.uint8)
        for chunk, decoded in zip(rows, chunks, strict=True):
            pixels[chunk.start : chunk.stop] = decoded
        return pixels


def _on_disk(chunks: Iterable[Tensor], shape: tuple[int, ...]) -> Tensor:
    # written and then mapped, because a full disk is an error to a write and a crash to a mapping
    with tempfile.TemporaryFile() as file:
        for chunk in chunks:
            _write(file, chunk, math.prod(shape))
        return torch.from_numpy(np.memmap(file, np.uint8, "c", shape=shape))


def _write(file: IO[bytes], chunk: Tensor, total: int) -> None:
    try:
        file.write(chunk.numpy().tobytes())
        file.flush()
    except OSError as error:
        raise ModelLockError(
            f"the decoded images need {total / 2**30:.1f} GiB in {tempfile.gettempdir()} ({error.strerror}); "
            "free space there, or set TMPDIR to a larger disk"
        ) from None
