"""Files of the API's callers."""

import os
import time
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder

from ui import passing_files


@pytest.fixture(autouse=True)
def kept_for_a_moment(monkeypatch):
    monkeypatch.setattr(passing_files, "KEPT", 0.5)


def test_results_lie_where_gradio_serves_them_each_in_a_folder_that_is_gone_soon():
    first, second = passing_files.result_folder(), passing_files.result_folder()
    (first / "key.json").write_text("{}")
    assert first != second and first.is_relative_to(Path(get_upload_folder()).resolve())
    time.sleep(0.8)
    assert not first.exists() and not second.exists()


def test_an_upload_goes_unless_it_has_come_again(tmp_path):
    once, again = tmp_path / "once.json", tmp_path / "again.json"
    for file in (once, again):
        file.write_text("{}")
        passing_files.remove_soon(file)
    time.sleep(0.3)
    os.utime(again)
    time.sleep(0.4)
    assert not once.exists() and again.exists()
