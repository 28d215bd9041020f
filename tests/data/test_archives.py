import shutil
import zipfile
from pathlib import Path

import pytest

from modellock_core import ModelLockError, load_dataset
from modellock_core.data import archives


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_zip_is_a_folder(image_folder, tmp_path, wrapped):
    folder = image_folder({"cat": 3, "dog": 3}, suffix=".webp")
    root = {"root_dir": tmp_path, "base_dir": "data"} if wrapped else {"root_dir": folder}
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", **root)
    dataset = load_dataset(archive, size=32)
    assert dataset.classes == ("cat", "dog") and dataset.name == "packed"


def test_a_truncated_zip_is_refused(image_folder, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "mine"), "zip", image_folder({"cat": 2, "dog": 2})))
    content = bytearray(archive.read_bytes())
    content[60:900] = bytes(840)  # the directory at the end is whole, the images are not
    archive.write_bytes(content)
    with pytest.raises(ModelLockError, match=r"mine\.zip can't be unpacked"):
        load_dataset(archive)


def test_an_empty_zip_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w"):
        pass
    with pytest.raises(ModelLockError, match=r"^mine holds 0 class folders"):
        load_dataset(tmp_path / "mine.zip")


def test_a_zip_that_unpacks_to_more_than_the_limit_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/0.png", bytes(3 * 2**20))
    monkeypatch.setattr(archives, "MAX_UNPACKED", 2**20)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(ModelLockError, match=r"bomb\.zip unpacks to over .* GiB"):
        load_dataset(tmp_path / "bomb.zip")


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    archive = tmp_path / "liar.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("cat/0.png", bytes(2**20))
    content = archive.read_bytes().replace((2**20).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(content)
    with pytest.raises(ModelLockError, match=r"liar\.zip can't be unpacked"):
        load_dataset(archive)


def test_a_zip_writes_nothing_outside_its_folder(image_folder, tmp_path, monkeypatch):
    folder = image_folder({"cat": 2, "dog": 2})
    (tmp_path / "inner").mkdir()
    monkeypatch.setattr(archives.tempfile, "tempdir", str(tmp_path / "inner"))
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
        archive.write(folder / "cat" / "0.png", "../../escaped.png")
        for i in range(2):
            archive.writestr(zipfile.ZipInfo(f"{tmp_path}/{i}.png"), (folder / "dog" / "0.png").read_bytes())
    load_dataset(tmp_path / "evil.zip", size=32)
    assert not list(tmp_path.glob("*.png")) and not list((tmp_path / "inner").iterdir())


def test_only_images_and_class_names_are_unpacked(image_folder, tmp_path):
    folder = image_folder({"cat": 2, "dog": 2})
    (folder / "run.sh").write_text("echo hello")
    archive = Path(shutil.make_archive(str(tmp_path / "mine"), "zip", folder))
    with archives.unpacked(archive) as root:
        assert {path.suffix for path in root.rglob("*") if path.is_file()} == {".png"}
    assert not root.exists()
