import json

import pytest
import torch

from modellock_core import Key, ModelLockError, keyed


@pytest.mark.parametrize(
    ("field", "value"),
    [("alpha", 2), ("alpha", -0.1), ("steps", 0), ("steps", 1.5), ("seed", -1), ("size", 100), ("guidance", "high"),
     ("image_guidance", 0), ("alpha", True)],
)  # fmt: skip
def test_a_value_out_of_range_is_named(field, value):
    with pytest.raises(ModelLockError, match=field):
        Key("with oil pastel", **{field: value})


@pytest.mark.parametrize("prompt", ["", "   ", None])
def test_an_empty_prompt_is_refused(prompt):
    with pytest.raises(ModelLockError, match="prompt is empty"):
        Key(prompt)


def test_defaults_are_the_editors_own():
    assert Key.create("x").size == 128
    paper = Key.create("x", "timbrooks/instruct-pix2pix")
    assert (paper.steps, paper.guidance, paper.image_guidance, paper.size) == (5, 4.5, 1.5, 256)
    assert Key.create("x", steps=4, alpha=None).steps == 4


def test_save_and_load_round_trip(tmp_path):
    key = Key.create("as a pencil sketch", alpha=0.3, seed=7)
    key.save(tmp_path / "deep" / "key.json")
    assert Key.load(tmp_path / "deep" / "key.json") == key


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}", '{"prompt": "x", "other": 1}', "\x00"])
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(ModelLockError, match="not a key file"):
        Key.load(tmp_path / "key.json")


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(ModelLockError, match="no such key file"):
        Key.load(tmp_path / "none.json")


def test_a_key_file_with_a_bad_value_is_refused(tmp_path):
    (tmp_path / "key.json").write_text(json.dumps({"prompt": "x", "alpha": 9}))
    with pytest.raises(ModelLockError, match="alpha"):
        Key.load(tmp_path / "key.json")


class Inverter:
    """An editor whose edit is known: the negative."""

    name = "inverter"

    def edit(self, images, prompt, **settings):
        return 1 - images


def test_keyed_blends_edit_and_image():
    images = torch.rand(2, 3, 128, 128)
    for alpha in (0.0, 0.25, 1.0):
        expected = (1 - alpha) * images + alpha * (1 - images)
        assert torch.allclose(keyed(images, Key("x", alpha=alpha), Inverter()), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(100, 77), (300, 128), (64, 64)])
def test_keyed_keeps_any_shape(shape):
    images = torch.rand(1, 3, *shape)
    result = keyed(images, Key("x"), Inverter())
    assert result.shape == images.shape and result.min() >= 0 and result.max() <= 1


def test_a_fingerprint_knows_its_key_only():
    key = Key("with oil pastel")
    check = key.fingerprint()
    assert key.fingerprint(check["salt"]) == check
    assert Key("with oil pastels").fingerprint(check["salt"])["hash"] != check["hash"]
    assert key.fingerprint()["hash"] != check["hash"]  # another salt
