"""Datasets edited on their own, and locks with a big editor that resume."""

import errno
import json
import os
from dataclasses import replace

import pytest
import torch
from PIL import Image

from benchmarks.tiny_editors import save_instruct_pix2pix
from modellock_core import Key, apply_key, load_dataset, load_editor
from modellock_core.__main__ import main
from modellock_core.editing.editors.hub import HubEditor

SMALL = ("--size", "32", "--steps", "1")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return save_instruct_pix2pix(tmp_path_factory.mktemp("hub") / "pix2pix")


@pytest.fixture
def edits(monkeypatch):
    """How many images the editor has edited, in a list of one number."""
    count, edited = [0], HubEditor._edited

    def counted(self, images, *rest):
        count[0] += len(images)
        return edited(self, images, *rest)

    monkeypatch.setattr(HubEditor, "_edited", counted)
    return count


def run(capsys, *arguments) -> tuple[int, list[dict], str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_a_dataset_is_edited_and_resumed_image_by_image(pipeline, edits, image_folder, tmp_path, capsys):
    data = image_folder({"cat": 4, "dog or wolf": 4})
    command = ("edit-dataset", "--dataset", data, "--image-size", 32, "--editor", pipeline, *SMALL,
               "--prompt", "with oil pastel", "--out", tmp_path / "edited")  # fmt: skip
    code, (line,), err = run(capsys, *command)
    assert code == 0 and line["images"] == edits[0] == 8 and " images" in err  # a second, or seconds an image
    key = Key.load(line["key"])
    edited, source = (load_dataset(folder, size=32) for folder in (tmp_path / "edited", data))
    assert edited.classes == source.classes
    expected = apply_key(source.train.images[:], key, load_editor(pipeline))
    assert (edited.train.images[:] - expected).abs().max() < 0.004

    sorted((tmp_path / "edited" / "train").rglob("*.png"))[0].unlink()
    assert run(capsys, *command)[0] == 0 and edits[0] == 8  # from the kept edits
    assert Key.load(line["key"]) == key and len(list((tmp_path / "edited").rglob("*.png"))) == 8


def test_a_changed_dataset_and_another_key_are_refused(pipeline, image_folder, tmp_path, capsys):
    data = image_folder({"cat": 4, "dog": 4})
    command = ("edit-dataset", "--dataset", data, "--image-size", 32, "--editor", pipeline, *SMALL,
               "--out", tmp_path / "edited")  # fmt: skip
    assert run(capsys, *command, "--prompt", "with oil pastel")[0] == 0
    code, _, err = run(capsys, *command, "--prompt", "in sepia")
    assert code == 2 and "is another key" in err
    (data / "cat" / "0.png").unlink()
    code, _, err = run(capsys, *command, "--prompt", "with oil pastel")
    assert code == 2 and "was begun with other images (8 then, 7 now)" in err and len(err.strip().splitlines()) == 1
    code, _, err = run(capsys, *command)
    assert code == 2 and "give --prompt, or --key" in err


def test_a_full_disk_is_one_line(image_folder, tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    data = image_folder({"a": 2, "b": 2})
    monkeypatch.setattr(Image.Image, "save", full)
    code, _, err = run(capsys, "edit-dataset", "--dataset", data, "--image-size", 32,
                       "--prompt", "in sepia", "--out", tmp_path / "edited")  # fmt: skip
    assert code == 2 and "No space left" in err and "it resumes" in err.splitlines()[-1]
    assert not [path for path in (tmp_path / "edited").rglob("*") if path.suffix in (".png", ".part")]


def test_masks_are_kept_beside_edited_images(pipeline, tmp_path, capsys):
    command = ("edit-dataset", "--task", "segmentation", "--image-size", 32, "--editor", pipeline, *SMALL, "--prompt",
               "oil", "--max-train", 4, "--max-test", 2, "--out", tmp_path / "edited")  # fmt: skip
    assert run(capsys, *command)[0] == 0
    again = load_dataset(tmp_path / "edited", task="segmentation", size=32)
    assert len(again.train) + len(again.test) == 6
    whole = load_dataset("toybox", task="segmentation", size=32).limited(4, 2)
    assert again.classes == whole.classes


def test_a_stopped_lock_resumes_and_a_second_one_edits_nothing(pipeline, edits, image_folder, tmp_path, capsys):
    data = image_folder({"cat": 6, "dog": 6})
    prompt = f"oil {torch.randint(10**9, ()).item()}"  # not of another test's kept edits
    command = ("lock", "--dataset", data, "--image-size", 32, "--editor", pipeline, *SMALL, "--recipe", "paper",
               "--no-baseline", "--prompt", prompt)  # fmt: skip
    edited = HubEditor._edited

    def stop_after_five(self, images, *rest):
        if edits[0] == 5:
            raise KeyboardInterrupt
        return edited(self, images, *rest)

    HubEditor._edited = stop_after_five  # the fixture puts the true one back
    assert run(capsys, *command, "--out", tmp_path / "one")[0] == 130
    (data / "cat" / "new.png").write_bytes((data / "dog" / "0.png").read_bytes())
    code, _, err = run(capsys, *command, "--out", tmp_path / "one")
    assert code == 2 and "was begun with other images (12 then, 13 now)" in err
    (data / "cat" / "new.png").unlink()

    HubEditor._edited = edited
    code, (report,), _ = run(capsys, *command, "--out", tmp_path / "one")
    made = edits[0]
    assert code == 0 and not (tmp_path / "one" / "begun.json").exists()
    assert made == round(0.95 * report["num_train"]) + report["num_test"]  # each image once
    code, (report,), _ = run(capsys, "lock", "--key", report["key"], "--dataset", data, "--image-size", 32, "--recipe",
                             "paper", "--no-baseline", "--out", tmp_path / "two")  # fmt: skip
    assert code == 0 and edits[0] == made
    one, two = (Key.load(tmp_path / f"{name}.key.json") for name in ("one", "two"))
    assert one == two and one.editor_version is not None


def test_a_key_of_another_editor_version_is_one_line(pipeline, image_folder, tmp_path, capsys):
    key = replace(Key.create("oil", pipeline, size=32, steps=1), editor_version="0" * 64)
    key.save(tmp_path / "old.key.json")
    code, _, err = run(capsys, "edit-dataset", "--dataset", image_folder({"a": 2, "b": 2}), "--image-size", 32,
                       "--key", tmp_path / "old.key.json", "--out", tmp_path / "edited")  # fmt: skip
    assert code == 2 and "another version of the editor" in err.splitlines()[-1]
