"""What a Space and a container are configured by."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from huggingface_hub import metadata_load

ROOT = Path(__file__).resolve().parents[1]


def test_the_front_matter_is_what_a_space_takes():
    space = metadata_load(ROOT / "README.md")
    assert space["sdk"] == "gradio" and (ROOT / space["app_file"]).is_file()
    assert space["python_version"] in ("3.12.12", "3.10.13")  # those of ZeroGPU
    assert len(space["short_description"]) <= 60 and space["header"] in ("mini", "default")
    assert {"image-editing", "mcp-server"} <= set(space["tags"])
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", name) for name in space["models"])
    gradio = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("gradio"))
    assert [*map(int, space["sdk_version"].split("."))] >= [*map(int, re.search(r">=([\d.]+)", gradio)[1].split("."))]


@pytest.mark.parametrize("file", (ROOT / ".github" / "workflows").glob("*.yml"), ids=lambda file: file.stem)
def test_workflows_ask_for_no_rights_and_run_something(file):
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["steps"] and job["timeout-minutes"] for job in workflow["jobs"].values())


def test_the_image_takes_torch_from_its_own_index_and_runs_as_a_user():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert next(line for line in lines if line.startswith("ARG TORCH_INDEX")).endswith("/cpu")
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    last = {line.split()[0]: i for i, line in enumerate(lines) if line.strip()}
    assert last["USER"] < last["CMD"] and lines[last["USER"]] == "USER user"


@pytest.mark.slow
def test_the_image_holds_all_that_the_page_needs(tmp_path):
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        for path in ROOT.glob(line[1:]) if line.startswith("!") else ():
            (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / path.name)
    environment = os.environ | {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    built = "import app, modellock_core; app.build(); print(modellock_core.__file__)"
    done = subprocess.run([sys.executable, "-c", built], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith(str(tmp_path)), done.stderr
