import pytest
import torch

from modellock_core import Key, KeyedModel, LockedModel, ModelLockError, apply_key
from modellock_core.__main__ import main
from modellock_core.locking.keyed_model import LockedModule
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK


@pytest.fixture(scope="module")
def locked():
    return LockedModel.load(EXAMPLE_LOCK).unsealed(Key.load(EXAMPLE_KEY))


def test_a_keyed_model_is_a_module_that_edits_by_itself(locked, small, editor):
    key, images = Key.load(EXAMPLE_KEY), small.test.images[:5]
    model = KeyedModel(locked, key, editor).eval()
    with torch.inference_mode():
        probabilities = model(images).softmax(1)
    assert torch.allclose(probabilities, locked.predict(apply_key(images, key, editor)), atol=1e-4)
    assert isinstance(model, torch.nn.Module) and len(list(model.parameters()))
    model(images).sum().backward()  # it can be trained further
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_another_models_key_is_refused(locked):
    with pytest.raises(ModelLockError, match="did not lock this model"):
        KeyedModel(locked, Key.create("with oil pastel"))


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(1, 3, 64, 64, dtype=torch.uint8), torch.zeros(3, 64, 64), torch.zeros(1, 1, 64, 64), [1],
        torch.zeros(1, 3, 0, 5), torch.full((1, 3, 64, 64), 255.0), torch.full((1, 3, 64, 64), float("nan")),
    ],
)  # fmt: skip
def test_what_is_no_image_gets_no_answer(locked, editor, images):
    with pytest.raises(ModelLockError, match="images must be"):
        KeyedModel(locked, Key.load(EXAMPLE_KEY), editor)(images)


def test_paths_are_no_model_and_no_key(locked):
    for model, key in ((EXAMPLE_LOCK, Key.load(EXAMPLE_KEY)), (locked, str(EXAMPLE_KEY)), (locked, None)):
        with pytest.raises(ModelLockError, match="takes a LockedModel and a Key"):
            KeyedModel(model, key)


def test_an_export_overwrites_no_key(tmp_path, capsys):
    key = tmp_path / "locked.key.json"
    key.write_bytes(EXAMPLE_KEY.read_bytes())
    assert main(["export", str(EXAMPLE_LOCK), "--key", str(key), "--out", str(key)]) == 2
    assert "ends in .pt2" in capsys.readouterr().err and key.read_bytes() == EXAMPLE_KEY.read_bytes()


def test_the_exported_graph_gives_the_same_logits_for_any_number_of_images(locked, tmp_path, capsys):
    file = tmp_path / "locked.pt2"
    assert main(["export", str(EXAMPLE_LOCK), "--out", str(file)]) == 2 and "is sealed" in capsys.readouterr().err
    assert main(["export", str(EXAMPLE_LOCK), "--key", str(EXAMPLE_KEY), "--out", str(file)]) == 0
    graph = torch.export.load(str(file)).module()
    for count in (1, 3):
        images = torch.rand(count, 3, locked.image_size, locked.image_size)
        with torch.inference_mode():
            assert torch.allclose(graph(images), LockedModule(locked)(images), atol=1e-3)
    assert Key.load(EXAMPLE_KEY).prompt.encode() not in file.read_bytes()
