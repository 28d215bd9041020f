"""In which precision this machine computes edits."""

import pytest
import torch

from modellock_core import devices
from modellock_core.devices import fast_dtype


@pytest.fixture
def cpu(monkeypatch):
    """A CPU that can what it is told, on which bfloat16 takes so many times as long as float32."""
    fast_dtype.cache_clear()
    monkeypatch.setattr(devices, "best_device", lambda: torch.device("cpu"))

    def set_to(seconds=1.0, **capabilities):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
        monkeypatch.setattr(devices, "_seconds", lambda dtype: seconds if dtype == torch.bfloat16 else 1.0)

    yield set_to
    fast_dtype.cache_clear()


@pytest.mark.parametrize(
    ("capabilities", "seconds", "wanted"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, 1.0, torch.bfloat16),
        ({"avx512_bf16": True}, 0.5, torch.bfloat16),
        ({"avx512_bf16": True}, 0.95, torch.float32),  # a difference that may be chance
        ({"avx512_bf16": True}, 1.6, torch.float32),
        ({}, 0.5, torch.float32),
    ],
)
def test_edits_are_computed_in_what_is_faster_here(cpu, capabilities, seconds, wanted):
    cpu(seconds, **capabilities)
    assert fast_dtype() == wanted


def test_a_machine_s_precision_does_not_change_while_it_runs():
    assert fast_dtype() == fast_dtype() and fast_dtype() in (torch.bfloat16, torch.float32)
