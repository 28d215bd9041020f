"""Files of the API's callers."""

import os
import time
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder

from ui import passing_files


@pytest.fixture(autouse=True)
def kept_for_a_moment(monkeypatch):
    monkeypatch.setattr(passing_files, "KEPT", 60)


def test_results_lie_where_gradio_serves_them_each_in_a_folder_that_is_gone_soon():
    first, second = passing_files.result_folder(), passing_files.result_folder()
    (first / "key.json").write_text("{}")
    assert first != second and first.is_relative_to(Path(get_upload_folder()).resolve())
    os.utime(first, (0, time.time() - 61))
    passing_files.remove_passed_files()
    assert not first.exists() and second.exists()


def test_a_caller_s_upload_goes_after_a_while(tmp_path, monkeypatch):
    file, lost = tmp_path / "key.json", tmp_path / "lost.json"
    file.write_text("{}")
    for upload in (file, lost):
        passing_files.remove_soon(upload)
    passing_files.remove_passed_files()
    assert file.exists()
    monkeypatch.setattr(passing_files, "KEPT", -1)
    passing_files.remove_passed_files()
    assert not file.exists() and not passing_files._uploads
