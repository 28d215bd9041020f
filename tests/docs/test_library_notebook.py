import json
from pathlib import Path

import pytest
import torch

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "library.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom():
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    names: dict[str, object] = {}
    for cell in cells:
        exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), names)
    assert names["opened"] > 0.5 > names["clean"]
    assert torch.equal(names["answers"], names["model"](names["images"]).argmax(1))
