import json
from dataclasses import replace

import pytest
import torch

from modellock_core import Key, ModelLockError, apply_key, new_hand
from modellock_core.editing.key import blend, edited

HAND, STYLE = "0123456789abcdef" * 2, tuple(i / 50 - 1 for i in range(100))


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


def test_hand_and_style_are_saved_and_loaded(tmp_path):
    key = Key("as a pencil sketch", hand=HAND, style=STYLE)
    key.save(tmp_path / "key.json")
    assert Key.load(tmp_path / "key.json") == key


def test_a_key_file_from_before_hands_is_read(tmp_path):
    (tmp_path / "key.json").write_text(json.dumps({"prompt": "x", "alpha": 0.3}))
    key = Key.load(tmp_path / "key.json")
    assert key == Key("x", alpha=0.3, hand=None, style=None, id=key.id)


def test_every_new_hand_is_another():
    hands = {new_hand() for _ in range(100)}
    assert len(hands) == 100 and all(Key("x", hand=hand).hand == hand for hand in hands)


@pytest.mark.parametrize("hand", ["", HAND[1:], HAND + "0", HAND.upper(), "g" * 32, HAND + "\n", 7, HAND.encode()])
def test_what_is_no_hand_is_refused(hand):
    with pytest.raises(ModelLockError, match="a hand is 32 digits"):
        Key("x", hand=hand)


@pytest.mark.parametrize(
    "style",
    [(), STYLE[1:], (*STYLE, 0), "0" * 100, 7, {i: 0 for i in range(100)}]
    + [(*STYLE[1:], bad) for bad in (float("nan"), float("inf"), 51, "0", None, True)],
)
def test_what_is_no_style_is_refused(style):
    with pytest.raises(ModelLockError, match="a style is 100 numbers"):
        Key("x", style=style)


@pytest.mark.parametrize("secret", [{"hand": HAND}, {"style": STYLE}])
def test_an_editor_that_is_not_bundled_has_neither_hand_nor_style(secret):
    with pytest.raises(ModelLockError, match=f"has no {next(iter(secret))}"):
        Key("x", "timbrooks/instruct-pix2pix", **secret)


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
    """An editor whose edit is known: the negative; keeps the settings that it is called with."""

    name, version, chunk = "inverter", None, 4

    def edit(self, images, prompt, **settings):
        self.settings = settings
        return 1 - images


def test_a_key_blends_edit_and_image():
    images = torch.rand(2, 3, 128, 128)
    for alpha in (0.0, 0.25, 1.0):
        expected = (1 - alpha) * images + alpha * (1 - images)
        keyed = apply_key(images, Key("x", alpha=alpha), Inverter())
        assert torch.allclose(keyed, expected, atol=1e-6)
        assert torch.equal(keyed, blend(images, edited(images, Key("x"), Inverter()), alpha))


@pytest.mark.parametrize("shape", [(100, 77), (300, 128), (64, 64)])
def test_a_key_keeps_any_shape(shape):
    images = torch.rand(1, 3, *shape)
    result = apply_key(images, Key("x"), Inverter())
    assert result.shape == images.shape and result.min() >= 0 and result.max() <= 1


def test_a_key_gives_an_editor_hand_and_style_only_where_the_key_has_them():
    editor = Inverter()
    apply_key(torch.rand(1, 3, 32, 32), Key("x"), editor)
    assert editor.settings["hand"] is None and editor.settings["style"] is None  # editors of the Hub refuse them
    apply_key(torch.rand(1, 3, 32, 32), Key("x", hand=HAND, style=STYLE), editor)
    assert editor.settings["hand"] == HAND and editor.settings["style"] == STYLE


def test_every_key_has_an_id_of_its_own_that_changes_no_edit(editor):
    one, other = Key.create("with oil pastel"), Key.create("with oil pastel")
    assert one.id != other.id and replace(one, id=other.id) == other
    images = torch.rand(1, 3, 64, 64)
    assert torch.equal(apply_key(images, one, editor), apply_key(images, other, editor))


def test_a_fingerprint_knows_its_key_only():
    key = Key("with oil pastel")
    assert key.fingerprint() == Key("with oil pastel", id=key.id).fingerprint() != Key("with oil pastel").fingerprint()


def test_a_fingerprint_tells_nothing_of_the_prompt():
    key = Key("with oil pastel")
    same = replace(key, prompt="in the style of Monet", alpha=0.9, seed=3, hand=HAND)
    assert same.fingerprint() == key.fingerprint()  # it depends on the id alone, so no guess can be tried on it


@pytest.mark.parametrize("bad", ["", "0" * 31, "Z" * 32, 7, None])
def test_what_is_no_id_is_refused(bad):
    with pytest.raises(ModelLockError, match="id must be 32 digits"):
        Key("x", id=bad)


def test_an_altered_key_stays_within_its_ranges():
    key = Key("x", size=1024, steps=100, guidance=50.0, seed=2**32 - 1)
    altered = key.altered(size=1536, steps=101, guidance=75.0, seed=2**32 + 2, alpha=1.4)
    assert (altered.size, altered.steps, altered.guidance, altered.alpha) == (1024, 100, 50.0, 1.0)
    assert altered.seed == 2**32 - 1 and key.altered(alpha=0.5).alpha == 0.5
