"""Files that strangers may send: each ends in one clear line, soon, and with little memory."""

import io
import json
import os
import struct
import threading
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from modellock_core import Key, LockedModel, ModelLockError, apply_key, load_dataset, load_editor
from modellock_core.data.images import MAX_PIXELS, MAX_SIDE, open_image
from modellock_core.editing.key import MAX_BYTES, edit_size
from modellock_core.locking.checks import check_key, check_training
from modellock_core.models.backbones import load_backbone
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK

CARD = json.loads((EXAMPLE_LOCK / "card.json").read_text())
MANY = ["x"] * 10**5


def png(width: int, height: int) -> bytes:
    """A PNG of one colour, of a few bytes for each thousand px."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, row = zlib.compressobj(9), bytes(1 + (width + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((9000, 9000), "too large"), ((13000, 13000), "too large"), ((60000, 1), "too large"),
        ((1, 60000), "too large"), ((20000, 20000), "million pixels"), ((MAX_SIDE + 1, 1), f"{MAX_SIDE} px a side"),
    ],
)  # fmt: skip
def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, size, message):
    (tmp_path / "bomb.png").write_bytes(png(*size))
    with pytest.raises(ModelLockError, match=message):
        open_image(tmp_path / "bomb.png")
    assert MAX_PIXELS >= 36_000_000  # a full-frame photograph


@pytest.mark.parametrize("kind", ["QOI", "AVIF", "TIFF", "GIF", "WEBP", "JPEG", "PNG", "BMP", "ICO", "PPM", "TGA"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "head alone"])
def test_a_damaged_image_of_any_format_is_one_line_or_an_image(tmp_path, kind, damage):
    buffer = io.BytesIO()
    try:
        Image.effect_noise((64, 48), 80).convert("RGB").save(buffer, kind)
    except (KeyError, OSError, ValueError):
        pytest.skip(f"this Pillow writes no {kind}")
    content = bytearray(buffer.getvalue())
    if damage == "flipped":
        content[12::37] = bytes(255 - value for value in content[12::37])
    content = content[: {"cut": len(content) // 2, "head alone": 16}.get(damage, len(content))]
    (tmp_path / "damaged").write_bytes(content)
    try:
        assert open_image(tmp_path / "damaged").mode == "RGB"
    except ModelLockError as error:
        assert "\n" not in str(error) and str(error).startswith("damaged ")


def test_a_photograph_with_damaged_exif_is_read():
    buffer = io.BytesIO()
    exif = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03\xff\xff"
    Image.new("RGB", (32, 24), "red").save(buffer, "JPEG", exif=exif)
    assert open_image(io.BytesIO(buffer.getvalue()), "photo.jpg").size == (32, 24)


def test_an_error_of_an_uploaded_image_names_no_path_of_the_server(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    with (tmp_path / "x.png").open("rb") as file, pytest.raises(ModelLockError) as error:
        open_image(file, "mine.png")
    assert str(tmp_path) not in str(error.value) and "mine.png" in str(error.value)


@pytest.mark.parametrize("shape", [(1, 2000), (2000, 1), (60000, 8)])
def test_a_strip_is_not_stretched_without_end(shape):
    with pytest.raises(ModelLockError, match="crop it"):
        edit_size(shape, 128)
    assert edit_size((1024, 2048), 1024) == [1024, 2048]


def test_pipes_and_devices_are_refused_and_never_waited_for(tmp_path, image_folder):
    folder = image_folder({"cat": 4, "dog": 4})
    os.mkfifo(folder / "cat" / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "lock").mkdir()
    os.mkfifo(tmp_path / "lock" / "card.json")
    tries = [
        lambda: open_image(tmp_path / "pipe"), lambda: open_image("/dev/zero"), lambda: load_dataset(folder),
        lambda: load_dataset(tmp_path / "pipe"), lambda: Key.load(tmp_path / "pipe"), lambda: Key.load("/dev/zero"),
        lambda: Key.load(tmp_path), lambda: LockedModel.load(tmp_path / "lock"),
    ]  # fmt: skip
    ended = []

    def attempt(work):
        with pytest.raises(ModelLockError):
            work()
        ended.append(work)

    for work in tries:
        thread = threading.Thread(target=attempt, args=(work,), daemon=True)
        thread.start()
        thread.join(20)
    assert ended == tries


KEY = json.loads(EXAMPLE_KEY.read_text())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"prompt": ' * 50_000,
        b"0" * (MAX_BYTES + 1),
        b'{"prompt": "x", "seed": NaN}',
        json.dumps(KEY | {"prompt": "x" * 301}),
        json.dumps(KEY | {"prompt": "\ud800"}),
        json.dumps(KEY | {"prompt": 7}),
        json.dumps(KEY | {"editor": "\udcff"}),
        json.dumps(KEY | {"editor": "a/" * 600}),
        json.dumps(KEY | {"editor": []}),
        json.dumps(KEY | {"editor": "a/b", "hand": None, "lora": "x" * 3000}),
        json.dumps(KEY | {"editor": "a/b", "hand": None, "lora": "\udcff"}),
        json.dumps(KEY | {"editor": "a/b", "hand": None, "editor_version": ["1"] * 5000}),
        '{"prompt": "x", "seed": ' + "9" * 5000 + "}",
        '{"prompt": "x", "seed": 1e999}',
        '{"prompt": "x", "alpha": -1e-9}',
        json.dumps(KEY | {"seed": 2**32}),
        json.dumps(KEY | {"seed": 1.5}),
        json.dumps(KEY | {"style": [0] * 10**5}),
        json.dumps(KEY | {"hand": ["0"] * 32}),
        json.dumps(KEY | {"id": "０" * 32}),
        json.dumps([KEY]),
        "null",
        '"key"',
        json.dumps(KEY | {"size": 2**40}),
        json.dumps(KEY | {"steps": True}),
        json.dumps(KEY | {"steps": None}),
    ],
)
def test_what_is_no_key_is_one_line(tmp_path, content):
    (tmp_path / "key.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelLockError) as error:
        Key.load(tmp_path / "key.json")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize(
    "change",
    [
        {"classes": MANY},
        {"classes": ["x" * 201, "y"]},
        {"classes": "abcdefghi"},
        {"classes": dict.fromkeys("abcdefghi")},
        {"classes": list(range(9))},
        {"classes": CARD["classes"] * 1000},
        {"classes": CARD["classes"][:-1]},
        {"classes": [[]] * 9},
        {"image_size": 128.5},
        {"image_size": -1},
        {"image_size": 10**400},
        {"format": "3"},
        {"task": "segmentation"},
        {"backbone": "x" * 5000},
        {"backbone": "timm:eva_giant_patch14_224"},
        {"backbone": "/etc"},
        {"backbone": "\x00"},
        {"backbone": "transformers:"},
        {"unlocked_performance": 1e999},
        {"key_hash": "A" * 64},
        {"versions": {"torch": 2}},
        {"date": ["2026"]},
        {"versions": {str(i): "1" for i in range(10**4)}},
    ],
)
def test_a_forged_card_is_refused_before_a_network_is_built(tmp_path, monkeypatch, change):
    from modellock_core.models.tasks.classification import Classification
    from modellock_core.models.tasks.segmentation import Segmentation

    for kind in (Classification, Segmentation):
        build = kind.build

        def only_a_skeleton(self, *args, _build=build, device=None, **kwargs):
            assert device is not None and device.type == "meta"
            return _build(self, *args, device=device, **kwargs)

        monkeypatch.setattr(kind, "build", only_a_skeleton)
    (tmp_path / "card.json").write_text(json.dumps(CARD | change))
    os.link(EXAMPLE_LOCK / "model.safetensors", tmp_path / "model.safetensors")
    with pytest.raises(ModelLockError) as error:
        LockedModel.load(tmp_path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 600


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b"{" + b" " * 5 * 2**20, b'{"format": ' + b"9" * 5000 + b"}", b"3"]
)
def test_a_card_that_is_no_json_is_refused(tmp_path, content):
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ModelLockError, match="lock card"):
        LockedModel.load(tmp_path)


def forged(weights: dict[str, torch.Tensor], kind: str) -> dict[str, torch.Tensor]:
    name = max(weights, key=lambda key: weights[key].numel())
    value = weights[name].clone()
    if kind == "int8":
        return weights | {name: (value * 10).to(torch.int8)}
    if kind in ("nan", "inf"):
        value.flatten()[3] = float(kind)
        return weights | {name: value}
    if kind == "lacking":
        return {key: tensor for key, tensor in weights.items() if key != name}
    return weights | {"one more": torch.zeros(3)} if kind == "more" else weights | {name: value.flatten()}


@pytest.mark.parametrize("kind", ["int8", "nan", "inf", "lacking", "more", "flat"])
def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path, kind):
    (tmp_path / "card.json").write_text(json.dumps(CARD))
    save_file(forged(load_file(EXAMPLE_LOCK / "model.safetensors"), kind), tmp_path / "model.safetensors")
    with pytest.raises(ModelLockError, match="get it again"):
        LockedModel.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"1234567", struct.pack("<Q", 2**60), struct.pack("<Q", 2) + b"{}" + b"0", struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 9) + b'{"a": {}}', struct.pack("<Q", 4) + b"\xff\xff\xff\xff",
    ],
)  # fmt: skip
def test_weights_with_a_damaged_header_are_refused(tmp_path, content):
    (tmp_path / "card.json").write_text(json.dumps(CARD))
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelLockError, match=r"damaged|don't fit"):
        LockedModel.load(tmp_path)


def test_a_class_folder_that_is_no_utf8_is_named(image_folder):
    folder = image_folder({"cat": 4, "dog": 4})
    os.rename(os.fsencode(folder / "cat"), os.fsencode(folder) + b"/c\xff")
    with pytest.raises(ModelLockError, match="no UTF-8"):
        load_dataset(folder)


def test_a_mask_that_is_a_bomb_is_refused(tmp_path):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for i in range(2):
            Image.new("L", (64, 64)).save(tmp_path / part / f"{i}.png")
    (tmp_path / "masks" / "0.png").write_bytes(png(15000, 15000))
    with pytest.raises(ModelLockError, match=r"masks/0\.png"):
        load_dataset(tmp_path, task="segmentation", size=64)
    (tmp_path / "masks" / "0.png").write_bytes(png(64, 64))
    (tmp_path / "classes.txt").write_text("x\n" * 20_000)
    with pytest.raises(ModelLockError, match="20,000 classes"):
        load_dataset(tmp_path, task="segmentation", size=64)


def test_a_zip_of_bombs_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png"):
            archive.writestr(name, png(12000, 12000))
    with pytest.raises(ModelLockError, match="too large"):
        load_dataset(tmp_path / "data.zip")


@pytest.mark.parametrize("seed", [-1, 2**32, 10**23, 1.5, True, "1"])
def test_seeds_are_bounded(toybox, seed):
    with pytest.raises(ModelLockError, match="a seed must be"):
        check_training(toybox, seed)
    with pytest.raises(ModelLockError, match="a seed must be"):
        load_dataset("toybox", seed=seed)


def test_what_cannot_be_locked_is_refused_before_the_work(toybox):
    with pytest.raises(ModelLockError, match="alpha is 0"):
        check_key(Key("in sepia", alpha=0))
    with pytest.raises(ModelLockError, match="at least 2 training images of 2 classes"):
        check_training(toybox.limited(train=1), 0)
    one = toybox.train.targets.values == 0
    with pytest.raises(ModelLockError, match="of 1 classes"):
        check_training(replace(toybox, train=replace(toybox.train, targets=toybox.train.targets[one])), 0)
    check_training(toybox.limited(train=2), 0)


@pytest.mark.parametrize("name", ["x" * 5000, "\x00", "/dev/zero", "", "timm:" + "x" * 5000, "\udcff", "../" * 2000])
def test_a_name_that_cannot_be_a_backbone_or_a_dataset_is_one_line(name):
    for load in (load_backbone, load_dataset, load_editor):
        with pytest.raises(ModelLockError) as error:
            load(name)
        assert "\n" not in str(error.value)


def test_a_prompt_of_any_characters_is_edited(editor):
    image = torch.from_numpy(np.zeros((1, 3, 64, 64), np.float32))
    for prompt in ("\x00", "😀" * 300, "e\u0301" * 150, "\u202egnp", "<script>", "{}", "%s%n", "\u200b"):
        try:
            assert apply_key(image, Key(prompt, size=64), editor).shape == image.shape
        except ModelLockError as error:
            assert "empty" in str(error)
