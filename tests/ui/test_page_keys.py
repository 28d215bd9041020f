import pytest
from PIL import Image

from modellock_core import Key, ModelLockError
from modellock_core.editing.editors import INSTRUCT_PIX2PIX
from ui import keys

CHOICE = {
    "prompt": "in watercolor", "alpha": 0.5, "editor": "compact", "steps": 1, "edit_seed": 7, "own_hand": False,
    "like": None, "hand": "0f" * 16,
}  # fmt: skip


def test_a_key_has_the_pages_settings():
    key = keys.make_key(**CHOICE)
    assert (key.prompt, key.alpha, key.steps, key.seed, key.hand, key.style) == ("in watercolor", 0.5, 1, 7, None, None)
    assert keys.make_key(**CHOICE | {"own_hand": True}).hand == CHOICE["hand"]
    assert keys.make_key(**CHOICE | {"own_hand": True, "hand": None}).hand  # drawn for a caller of the API
    assert len(keys.make_key(**CHOICE | {"like": Image.effect_noise((64, 64), 80)}).style) == 100


@pytest.mark.parametrize(
    ("change", "message"),
    [({"steps": None}, "fill them in"), ({"edit_seed": 1.5}, "a whole number"), ({"prompt": " "}, "prompt is empty")],
)
def test_what_is_missing_is_named(change, message):
    with pytest.raises(ModelLockError, match=message):
        keys.make_key(**CHOICE | change)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_paper_s_editor_is_for_machines_with_a_gpu(monkeypatch, device):
    import torch

    monkeypatch.setattr("modellock_core.devices.best_device", lambda: torch.device(device))
    monkeypatch.setattr(keys, "load_offered", lambda name: None)  # no connection to the Hub
    assert (INSTRUCT_PIX2PIX in keys.runnable_editors()) == (device == "cuda")
    if device == "cuda":
        assert keys.make_key(**CHOICE | {"editor": INSTRUCT_PIX2PIX}).editor == INSTRUCT_PIX2PIX
    else:
        with pytest.raises(ModelLockError, match="here there is compact"):
            keys.make_key(**CHOICE | {"editor": INSTRUCT_PIX2PIX})


def test_the_summary_names_what_there_is_and_keeps_the_hand_to_itself():
    public = {name: value for name, value in CHOICE.items() if name != "hand"}
    assert keys.key_summary(**public) == "Key: “in watercolor” · strength 0.5 · editor compact · steps 1 · seed 7"
    assert keys.key_summary(**public | {"own_hand": True, "steps": None}).endswith(
        "steps ? · seed 7 · your own random bits"
    )


def test_strength_follows_the_prompt_until_the_visitor_moves_it():
    assert keys.alpha_of("with a zebra in the background", "compact", 0.35) == 0.8
    assert keys.alpha_of("in sepia", "compact", 0.8) == 0.35
    assert keys.alpha_of("with a zebra in the background", "compact", 0.5) == 0.5


def test_a_public_page_loads_no_lora_of_a_key_file(monkeypatch):
    key = Key("oil", "a/b", lora="/etc/hostname")
    monkeypatch.setattr(keys, "runnable_editors", lambda: ["a/b"])
    assert keys.check_editor(key) is key  # the owner's own machine
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    with pytest.raises(ModelLockError, match="loads no LoRA"):
        keys.check_editor(key)
