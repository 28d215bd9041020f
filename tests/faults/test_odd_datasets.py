"""Datasets of odd forms, which are read or refused in one line."""

import os
import zipfile

import pytest
from PIL import Image

from modellock_core import ModelLockError, load_dataset


def zipped(folder, file):
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
    return file


def test_a_zip_with_a_password_is_one_line(image_folder, tmp_path):
    file = zipped(image_folder({"a": 4, "b": 4}), tmp_path / "data.zip")
    content = bytearray(file.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # of a member here, and in the list at the end
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    file.write_bytes(content)
    with pytest.raises(ModelLockError, match="without a password") as error:
        load_dataset(file)
    assert "\n" not in str(error.value)


def test_a_zip_in_a_zip_is_no_dataset(image_folder, tmp_path):
    inner = zipped(image_folder({"a": 4, "b": 4}), tmp_path / "inner.zip")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, "a/inner.zip")
    with pytest.raises(ModelLockError):
        load_dataset(tmp_path / "outer.zip")


def test_of_a_zip_of_100_000_other_files_the_images_are_read(image_folder, tmp_path):
    file = zipped(image_folder({"a": 4, "b": 4}), tmp_path / "data.zip")
    with zipfile.ZipFile(file, "a") as archive:
        for i in range(100_000):
            archive.writestr(f"notes/{i}.md", b"")
    assert load_dataset(file, size=16).classes == ("a", "b")


def test_300_classes_are_read(tmp_path):
    picture = Image.new("RGB", (8, 8))
    for i in range(300):
        (tmp_path / f"{i:03}").mkdir()
        for j in range(2):
            picture.save(tmp_path / f"{i:03}" / f"{j}.png")
    dataset = load_dataset(tmp_path, size=8, test_fraction=0.5)
    assert len(dataset.classes) == 300 and len(dataset.train) == len(dataset.test) == 300


def test_links_that_lead_in_a_circle_are_not_followed(image_folder):
    folder = image_folder({"a": 4, "b": 4})
    os.symlink(folder, folder / "a" / "again")
    os.symlink(folder / "a", folder / "b" / "other", target_is_directory=True)
    assert len(load_dataset(folder, size=16).train) <= 8
