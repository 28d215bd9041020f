"""The tiny Hub editors of these tests compute in float32: bfloat16 would round away what a setting changes."""

import pytest
import torch

from modellock_core.editing.editors import hub


@pytest.fixture(scope="session", autouse=True)
def fp32():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "fast_dtype", lambda: torch.float32)
        yield
