import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from modellock_core import ModelLockError, load_dataset
from modellock_core.data.targets import IGNORE


@pytest.fixture
def folder(tmp_path):
    """Eight images of one blue thing each, and their masks: class 1 or 2 on the thing, 0 elsewhere."""
    random = np.random.default_rng(0)
    for part in ("images", "masks"):
        (tmp_path / "data" / part).mkdir(parents=True)
    for i in range(8):
        pixels, mask = random.integers(0, 90, (40, 60, 3), dtype=np.uint8), np.zeros((40, 60), np.uint8)
        pixels[10:30, 15:40, 2] += 120
        mask[10:30, 15:40] = 1 + i % 2
        Image.fromarray(pixels).save(tmp_path / "data" / "images" / f"{i}.jpg")
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / f"{i}.png")
    return tmp_path / "data"


def load(source, **options):
    return load_dataset(source, task="segmentation", size=32, **options)


def rewrite(folder, name, change):
    """Change the values of a mask."""
    file = folder / "masks" / name
    values = np.array(Image.open(file))
    Image.fromarray(change(values)).save(file)


def test_a_folder_is_split_by_seed_and_masks_stay_with_their_images(folder):
    dataset = load(folder)
    assert dataset.classes == ("background", "class 1", "class 2") and dataset.task == "segmentation"
    assert (len(dataset.train), len(dataset.test)) == (6, 2)
    for split in (dataset.train, dataset.test):
        images, masks = split.images[:], split.targets.values
        assert images.shape == (len(split), 3, 32, 32) and masks.shape == (len(split), 32, 32)
        blue = images[:, 2] > images[:, 0] + 0.2
        assert ((masks > 0) == blue).float().mean() > 0.9
    assert not torch.equal(dataset.test.images[:], load(folder, seed=1).test.images[:])


def test_a_zip_with_class_names_is_a_folder(folder, tmp_path):
    (folder / "classes.txt").write_text("ground\ncup\nplate\n")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "data")
    assert load(archive).classes == ("ground", "cup", "plate")


def test_palette_and_one_bit_masks_are_read_and_255_is_ignored(folder):
    palette = Image.open(folder / "masks" / "0.png").convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.save(folder / "masks" / "0.png")
    Image.open(folder / "masks" / "2.png").point(lambda v: 255 * v).convert("1").save(folder / "masks" / "2.png")
    rewrite(folder, "1.png", lambda values: np.where(values == 2, IGNORE, values).astype(np.uint8))
    dataset = load(folder)
    values = torch.cat([dataset.train.targets.values, dataset.test.targets.values]).unique().tolist()
    assert values == [0, 1, 2, IGNORE] and len(dataset.classes) == 3


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: shutil.rmtree(f / "masks"), "no folder 'masks'"),
        (lambda f: (f / "masks" / "3.png").unlink(), "have no mask of the same name, such as 3"),
        (lambda f: (f / "images" / "3.jpg").unlink(), "have no image of the same name, such as 3"),
        (lambda f: (f / "masks" / "3.png").write_text("no picture"), "can't be read"),
        (lambda f: Image.new("RGB", (60, 40)).save(f / "masks" / "3.png"), "is in colour"),
        (lambda f: Image.new("L", (60, 41)).save(f / "masks" / "3.png"), "60x40 px and 60x41 px"),
        (lambda f: shutil.copy(f / "images" / "3.jpg", f / "images" / "3.jpeg"), "3.jpeg and 3.jpg"),
        (lambda f: Image.fromarray(np.full((40, 60), 300, np.uint16)).save(f / "masks" / "3.png"), "the value 300"),
        (lambda f: (f / "classes.txt").write_text("ground\ncup\n"), "holds the value 2, but classes.txt names 2"),
        (lambda f: [rewrite(f, f"{i}.png", lambda v: v * 0) for i in range(8)], "no class but the background"),
    ],
)
def test_what_does_not_fit_is_named(folder, damage, message):
    damage(folder)
    with pytest.raises(ModelLockError, match=message):
        load(folder)
