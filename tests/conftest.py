"""Shared fixtures: small data, and the compact editor loaded once."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: tests run side by side
os.environ.setdefault("MKL_NUM_THREADS", os.environ["OMP_NUM_THREADS"])
os.environ["MODELLOCK_NICENESS"] = "0"  # or a lock would stand still while other tests use both cores
# without compiled files every process that a test starts would compile torch and Gradio anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import numpy as np
import pytest
from PIL import Image

from modellock_core import load_dataset, load_editor


def pytest_collection_modifyitems(items):
    """Files with slow tests and the browser's come first, or one process would end with them while another waits."""
    first = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in first)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Edits of the tests are kept with the tests, not with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLOCK_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("MODELLOCK_CACHE_GB", raising=False)  # the page's modules, read by other tests, set it to 0
        yield


@pytest.fixture(scope="session")
def editor():
    return load_editor("compact")


@pytest.fixture(scope="session")
def toybox():
    return load_dataset("toybox")


@pytest.fixture(scope="session")
def small(toybox):
    """A few images of every class."""
    return toybox.limited(train=45, test=18)


@pytest.fixture
def image_folder(tmp_path):
    """Make a folder of random images: `image_folder({"cat": 4, "dog": 4})`."""

    def make(counts: dict[str, int], root: str = "data", suffix: str = ".png", size=(40, 32)):
        random = np.random.default_rng(0)
        for name, count in counts.items():
            folder = tmp_path / root / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}{suffix}")
        return tmp_path / root

    return make
