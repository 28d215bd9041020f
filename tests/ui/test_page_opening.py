"""What a script that uses the page's API relies on, and what a visitor waits for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
import app
page = app.build()
endpoints = page.get_api_info()["named_endpoints"]
names = {name: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
         for name, endpoint in endpoints.items()}
print(json.dumps({"torch": "torch" in sys.modules, "names": names}))
"""
KEY = ["editor", "alpha", "steps", "edit_seed", "own_hand", "like"]


@pytest.fixture(scope="module")
def opened() -> dict:
    """The page's endpoints, and whether torch was loaded to build it."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_page_opens_before_torch_is_loaded(opened):
    assert not opened["torch"]


def test_the_api_s_parameters_have_names(opened):
    names = opened["names"]
    assert names["/preview"] == ["image", "prompt", *KEY]
    assert sorted(names["/grid"]) == sorted(["image", "prompts", "alphas", *KEY[:1], *KEY[2:]])
    assert names["/lock"] == [
        "prompt", *KEY, "source", "upload", "task", "recipe", "amount", "seed", "backbone",
    ]  # fmt: skip
    assert set(names) == {
        "/preview", "/grid", "/lock", "/draw_hand", "/design", "/predict", "/test", "/open", "/attack", "/riddle",
        "/guess",
    }  # fmt: skip
