"""Random keys, cards, images, masks and zips: each is read, or refused with a `ModelLockError`, and nothing else."""

import io
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from modellock_core import Key, LockedModel, ModelLockError, load_dataset
from modellock_core.data.images import open_image
from modellock_core.locking.stored_weights import shapes_of
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

hypothesis = pytest.importorskip("hypothesis", reason="needs hypothesis: pip install -e '.[dev]'")
st = pytest.importorskip("hypothesis.strategies")

quickly = hypothesis.settings(
    max_examples=60, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4),
    max_leaves=12,
)
PICTURES = {}
for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
    buffer = io.BytesIO()
    Image.effect_noise((24, 16), 90).convert("RGB").save(buffer, kind)
    PICTURES[kind] = buffer.getvalue()
masks = io.BytesIO()
Image.new("L", (24, 16), 1).save(masks, "PNG")


def read_or_refused(read) -> None:
    try:
        read()
    except ModelLockError as error:
        assert str(error)


def altered(draw, content: bytes) -> bytes:
    """Content with some bytes changed, cut or put in."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(0, len(changed) - 1)))
        way = draw(st.sampled_from(["change", "cut", "put in"]))
        if way == "cut":
            del changed[place : place + draw(st.integers(1, 200))]
        else:
            changed[place : place + (way == "change")] = draw(st.binary(min_size=1, max_size=4))
    return bytes(changed)


@st.composite
def files(draw, content: bytes) -> bytes:
    return altered(draw, content) if draw(st.booleans()) else draw(st.binary(max_size=200))


@quickly
@hypothesis.given(change=st.dictionaries(st.sampled_from(sorted(json.loads(EXAMPLE_KEY.read_text()))), anything))
def test_keys_of_any_values(change):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "key.json")
        file.write_text(json.dumps(json.loads(EXAMPLE_KEY.read_text()) | change))
        read_or_refused(lambda: Key.load(file))


@quickly
@hypothesis.given(content=files(EXAMPLE_KEY.read_bytes()))
def test_keys_of_any_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "key.json")
        file.write_bytes(content)
        read_or_refused(lambda: Key.load(file))


CARD = json.loads((EXAMPLE_LOCK / "card.json").read_text())


@hypothesis.settings(quickly, max_examples=20)  # each reads a network's plan
@hypothesis.given(change=st.dictionaries(st.sampled_from(sorted(CARD)), anything, min_size=1, max_size=2))
def test_cards_of_any_values(change):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "card.json").write_text(json.dumps(CARD | change))
        os.symlink(EXAMPLE_LOCK / "model.safetensors", Path(folder, "model.safetensors"))
        read_or_refused(lambda: LockedModel.load(folder))


@quickly
@hypothesis.given(content=files((EXAMPLE_LOCK / "model.safetensors").read_bytes()[:4000]))
def test_weights_of_any_header(content):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.safetensors")
        file.write_bytes(content)
        read_or_refused(lambda: shapes_of(file))


@quickly
@hypothesis.given(kind=st.sampled_from(sorted(PICTURES)), data=st.data())
def test_images_of_any_bytes(kind, data):
    content = data.draw(files(PICTURES[kind]))
    read_or_refused(lambda: open_image(io.BytesIO(content), "image"))


@quickly
@hypothesis.given(content=files(masks.getvalue()), classes=st.none() | st.binary(max_size=100))
def test_masks_of_any_bytes(content, classes):
    with tempfile.TemporaryDirectory() as folder:
        for i in range(2):
            for part in ("images", "masks"):
                Path(folder, part).mkdir(exist_ok=True)
                Path(folder, part, f"{i}.png").write_bytes(PICTURES["PNG"] if part == "images" else masks.getvalue())
        Path(folder, "masks", "1.png").write_bytes(content)
        if classes is not None:
            Path(folder, "classes.txt").write_bytes(classes)
        read_or_refused(lambda: load_dataset(folder, task="segmentation", size=32))


@quickly
@hypothesis.given(
    names=st.lists(st.text(min_size=1, max_size=12).map(lambda text: f"{text}.png"), max_size=4), data=st.data()
)
def test_zips_of_any_names_and_bytes(names, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for label in "ab":
            for i in range(2):
                archive.writestr(f"{label}/{i}.png", PICTURES["PNG"])
        for name in names:
            try:
                archive.writestr(name, PICTURES["PNG"])
            except (UnicodeError, ValueError):
                hypothesis.reject()
    content = altered(data.draw, buffer.getvalue())
    folder = tempfile.mkdtemp()
    try:
        Path(folder, "data.zip").write_bytes(content)
        read_or_refused(lambda: load_dataset(Path(folder, "data.zip"), size=32))
        assert [entry.name for entry in Path(folder).iterdir()] == ["data.zip"]
    finally:
        shutil.rmtree(folder)
