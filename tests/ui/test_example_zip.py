"""The zip that a visitor downloads to see how his own images have to be laid out."""

import pytest

from modellock_core import load_dataset
from ui import example_zip


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_the_example_is_a_dataset_that_can_be_locked(task, monkeypatch, tmp_path):
    monkeypatch.setattr(example_zip, "process_folder", lambda: tmp_path)
    (tmp_path / example_zip.TEMPORARY).mkdir()
    toybox, example = load_dataset("toybox", task=task), load_dataset(example_zip.example_zip(task), task=task)
    assert set(example.classes) == set(toybox.classes)
    assert len(example.train) + len(example.test) == 9 * example_zip.EACH
