"""How many threads this process computes with, told to the libraries before they are loaded.

Threads that wait by spinning take the cores from those that work: on a busy machine an edit takes five times as long.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

# of OpenMP, of GNU's and of Intel's: a thread without work sleeps
PASSIVE = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
CGROUP = Path("/sys/fs/cgroup")


def bound_threads() -> None:
    """Set what the user has not set; must be called before torch is imported.

    torchrun sets OpenMP's number alone, and torch takes MKL's.
    """
    count = os.environ.get("OMP_NUM_THREADS") or str(available_cores())
    for name, value in (PASSIVE | {"OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}).items():
        os.environ.setdefault(name, value)


def available_cores(cgroup: Path = CGROUP) -> int:
    """The cores that this process may use: by its affinity, and by the limit of its container."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def _quota(cgroup: Path) -> float | None:
    """The cores' worth of time that the container gets, if it is limited: of cgroups 2, then 1."""
    words = _read(cgroup / "cpu.max").split()
    if not words:
        words = [_read(cgroup / "cpu" / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
    numbers = [int(word) for word in words if word.isdecimal()]  # "max" and -1 mean no limit
    return numbers[0] / numbers[1] if len(numbers) == 2 and all(numbers) else None


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
