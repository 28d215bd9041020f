import json
import os
import signal
import socket
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image, ImageStat

from modellock_core import CATALOGUE, Key, LockedModel, load_editor, new_hand
from modellock_core.__main__ import main
from modellock_core.command_line import commands
from modellock_core.command_line.progress_bar import follow
from modellock_core.editing.editors.key_secrets import is_hand
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK
from modellock_core.work import Progress, Work


def run(capsys, *arguments) -> tuple[int, list[dict], str]:
    """Exit code, JSON lines on stdout, and stderr."""
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A folder dataset, and a model locked on it by the command line."""
    import numpy as np

    root = tmp_path_factory.mktemp("cli")
    random = np.random.default_rng(0)
    for label, hue in (("blue", 2), ("red", 0)):
        (root / "data" / label).mkdir(parents=True)
        for i in range(8):
            pixels = random.integers(0, 90, (48, 48, 3), dtype=np.uint8)
            pixels[..., hue] += 120
            Image.fromarray(pixels).save(root / "data" / label / f"{i}.png")
    with pytest.MonkeyPatch.context() as patch:
        for way in ("connect", "connect_ex"):
            patch.setattr(socket.socket, way, lambda one, address: note(root, address), raising=False)
        patch.setattr(socket, "getaddrinfo", lambda *asked, **more: note(root, asked))
        code = main(["lock", "--prompt", "in sepia", "--steps", "1", "--no-hand", "--out", str(root / "model"),
                     "--dataset", str(root / "data"), "--seed", "3"])  # fmt: skip
    assert code == 0
    return root


def note(folder, address) -> None:
    """Write down whom a command asks on the network, and let nothing through."""
    with (folder / "asked.txt").open("a") as file:
        print(address, file=file)
    raise ConnectionRefusedError


def test_a_lock_asks_nobody_on_the_network(locked):
    assert not (locked / "asked.txt").exists()


def test_lock_writes_model_card_report_and_key(locked):
    report = json.loads((locked / "model" / "report.json").read_text())
    assert {"unlocked_performance", "locked_performance", "vanilla_performance", "seconds", "num_train", "num_test",
            "classes", "seed"} <= set(report)  # fmt: skip
    assert report["seed"] == 3 and report["classes"] == ["blue", "red"]
    files = {p.name for p in (locked / "model").iterdir()}
    assert files == {"model.safetensors", "card.json", "report.json", "README.md"}
    key = Key.load(locked / "model.key.json")
    assert key == Key.create("in sepia", steps=1, id=key.id, editor_version=load_editor().version)
    card = (locked / "model" / "README.md").read_text()
    assert card.startswith("---\n") and "sepia" not in card and key.id not in card


def test_test_agrees_with_the_report(locked, capsys):
    report = json.loads((locked / "model" / "report.json").read_text())
    shared = ("test", locked / "model", "--dataset", locked / "data", "--split-seed", 3)
    for way in (("--key", locked / "model.key.json"), ("--prompt", "in sepia", "--steps", 1)):
        code, (figures,), _ = run(capsys, *shared, *way)
        assert code == 0
        for name in ("unlocked_performance", "locked_performance"):
            assert figures[name] == pytest.approx(report[name])
        assert set(figures["unlocked_by_class"]) == set(report["classes"])


def test_predict_prints_one_line_per_image(locked, capsys):
    images = [locked / "data" / "red" / "0.png", locked / "data" / "blue" / "1.png"]
    code, lines, _ = run(capsys, "predict", locked / "model", *images, "--key", locked / "model.key.json")
    assert code == 0 and [line["image"] for line in lines] == [str(i) for i in images]
    for line in lines:
        assert line["label"] == max(line["probabilities"], key=line["probabilities"].get)
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_edit_writes_an_image_each_and_overwrites_none(locked, tmp_path, capsys):
    images = [locked / "data" / label / "0.png" for label in ("red", "blue")]
    code, lines, _ = run(capsys, "edit", *images, "--prompt", "in sepia", "--alpha", 1, "--out", tmp_path / "out")
    assert code == 0 and len({line["edited"] for line in lines}) == 2
    for line in lines:
        assert Image.open(line["edited"]).size == (48, 48)


def test_edit_keeps_the_size_and_the_sharpness_of_a_picture(tmp_path, capsys):
    Image.effect_noise((400, 264), 90).convert("RGB").save(tmp_path / "grain.png")
    code, (line,), _ = run(capsys, "edit", tmp_path / "grain.png", "--prompt", "in sepia", "--alpha", 1,
                           "--out", tmp_path / "out")  # fmt: skip
    edited = Image.open(line["edited"])
    assert code == 0 and edited.size == (400, 264)
    assert ImageStat.Stat(edited.convert("L")).stddev[0] > 30  # at 128 px the grain would be gone


def test_edit_prints_the_hand_it_drew_and_takes_it_again(locked, tmp_path, capsys):
    edit = ("edit", locked / "data" / "red" / "0.png", "--prompt", "in sepia", "--alpha", 1, "--out", tmp_path)
    pixels = []
    code, (drawn, line), _ = run(capsys, *edit, "--hand")
    assert code == 0 and is_hand(drawn["hand"])
    pixels.append(Image.open(line["edited"]).tobytes())
    for way in (["--hand", drawn["hand"]], ["--hand", new_hand()], []):
        code, (line,), _ = run(capsys, *edit, *way)
        assert code == 0
        pixels.append(Image.open(line["edited"]).tobytes())
    assert pixels[0] == pixels[1] and len(set(pixels)) == 3


def test_edit_paints_like_a_picture(locked, tmp_path, capsys):
    edit = ("edit", locked / "data" / "red" / "0.png", "--prompt", "in sepia", "--alpha", 1)
    _, (plain,), _ = run(capsys, *edit, "--out", tmp_path / "plain")
    picture = locked / "data" / "blue" / "0.png"
    code, (like,), _ = run(capsys, *edit, "--out", tmp_path / "like", "--style", picture)
    assert code == 0 and Image.open(like["edited"]).tobytes() != Image.open(plain["edited"]).tobytes()


def test_hand_and_style_go_into_the_key_file(locked, tmp_path, capsys):
    picture = locked / "data" / "blue" / "0.png"
    code, (report,), err = run(capsys, "lock", "--prompt", "in sepia", "--style", picture, "--hand", "--dataset",
                               locked / "data", "--out", tmp_path / "model", "--no-baseline")  # fmt: skip
    key = Key.load(tmp_path / "model.key.json")
    assert code == 0 and is_hand(key.hand) and len(key.style) == 100
    told = json.dumps(report) + err + "".join(f.read_text() for f in (tmp_path / "model").glob("*.json"))
    assert key.hand not in told and str(key.style[0]) not in told
    test = ("test", tmp_path / "model", "--dataset", locked / "data")
    code, (figures,), _ = run(capsys, *test, "--key", tmp_path / "model.key.json")
    assert code == 0 and figures["unlocked_performance"] == pytest.approx(report["unlocked_performance"])
    by_hand = ("--prompt", "in sepia", "--hand", key.hand, "--style", picture)
    code, _, err = run(capsys, *test, *by_hand)
    assert code == 2 and "is sealed; give the key file" in err
    LockedModel.load(tmp_path / "model").unsealed(key).save(tmp_path / "model")
    assert run(capsys, *test, *by_hand)[1] == [figures]


def test_verify_exits_with_1_if_a_check_fails(tmp_path, capsys, monkeypatch):
    right = Key.load(EXAMPLE_KEY)

    def performance(locked, images, targets, stage="Testing"):
        yield Progress(stage, 1, 1)
        return 0.95 if getattr(images, "key", None) == right else 0.1

    monkeypatch.setattr("modellock_core.evaluation.verification.performance", performance)
    code, lines, _ = run(capsys, "verify", EXAMPLE_LOCK, "--key", EXAMPLE_KEY)
    assert code == 0 and len(lines) >= 7 and all(line["passed"] for line in lines)
    assert lines[0]["name"] == "the key" and {"name", "score", "limit", "passed", "meaning"} == set(lines[0])

    Key.create("in sepia").save(tmp_path / "wrong.key.json")
    with pytest.raises(SystemExit) as stop:
        main(["verify", str(EXAMPLE_LOCK), "--key", str(tmp_path / "wrong.key.json")])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert stop.value.code == 1 and [line["passed"] for line in lines] == [False] + [True] * (len(lines) - 1)


def test_design_prints_the_best_prompts(locked, capsys, monkeypatch):
    monkeypatch.setattr("modellock_core.editing.designer.CATALOGUE", CATALOGUE[::30])
    code, lines, _ = run(capsys, "design", "--dataset", locked / "data", "--top", 2)
    assert code == 0 and [line["rank"] for line in lines] == [1, 2]
    assert lines[0]["score"] >= lines[1]["score"] and lines[0]["why"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["edit", "missing.png", "--prompt", "x", "--out", "out"], "no such file"),
        (["edit", "DATA/red/0.png", "--prompt", " ", "--out", "OUT"], "prompt is empty"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--alpha", "2", "--out", "OUT"], "alpha must be"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--editor", "nope", "--out", "OUT"], "no editor 'nope'"),
        (["edit", "DATA/red/0.png", "--out", "OUT"], "required: --prompt"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--hand", "abc"], "a hand is 32 digits"),
        (["edit", "--prompt", "x", "--out", "OUT", "--hand", "DATA/red/0.png"], "put --hand last"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--style", "none.png"], "no such file"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--style", "DATA"], "can't be read"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--hand", "--editor", "a/b"], "has no hand"),
        (
            ["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--editor", "a/b", "--style", "DATA/red/0.png"],
            "has no style",
        ),
        (["test", "MODEL", "--key", "MODEL.key.json", "--hand", "0" * 32], "go with --prompt"),
        (["test", "MODEL", "--prompt", "x", "--hand"], "expected one argument"),
        (["lock", "--prompt", "x", "--out", "OUT", "--dataset", "nowhere"], "no dataset 'nowhere'"),
        (["lock", "--prompt", "x", "--out", "OUT", "--key-out", "OUT/key.json"], "must not travel"),
        (["lock", "--prompt", "x", "--out", "."], "no folder of its own"),
        (["lock", "--prompt", "x", "--out", ""], "no folder of its own"),
        (["lock", "--prompt", "x", "--out", "/"], "no folder of its own"),
        (["lock", "--prompt", "x", "--out", "MODEL"], "there already; give another name, or --force"),
        (["lock", "--prompt", "x", "--out", "OUT", "--key-out", "MODEL.key.json"], "there already"),
        (["lock", "--prompt", "x", "--out", "OUT", "--key-out", "DATA/red/0.png", "--force"], "is no key file"),
        (["lock", "--prompt", "x", "--out", "DATA", "--force"], "holds other files"),
        (["lock", "--prompt", "x", "--out", "OUT", "--key-out", "/proc/none/key.json"], "can't be written"),
        (["lock", "--prompt", "x", "--out", "OUT", "--alpha", "0"], "would change nothing"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--alpha", "0"], "would change nothing"),
        (["lock", "--prompt", "x", "--out", "OUT", "--dataset", "DATA", "--max-train", "1"], "at least 2 training"),
        (["lock", "--prompt", "x", "--out", "OUT", "--seed", "9" * 23], "no whole number"),
        (["lock", "--prompt", "x", "--out", "OUT", "--seed", "9" * 5000], "no whole number"),
        (["edit", "DATA/red/0.png", "--prompt", "x", "--out", "OUT", "--edit-seed", str(2**32)], "no whole number"),
        (["edit", "DATA/red/0.png", "--prompt", "x" * 301, "--out", "OUT"], "at most 300"),
        (["edit", "DATA/red/0.png", "--prompt", "\udcff", "--out", "OUT"], "no UTF-8 text"),
        (["edit", "/dev/zero", "--prompt", "x", "--out", "OUT"], "no plain file"),
        (["test", "MODEL", "--key", "/dev/zero"], "not a key file"),
        (["lock", "--prompt", "x", "--out", "OUT", "--dataset", "/dev/zero"], "neither a folder nor a zip"),
        (["lock", "--prompt", "x", "--out", "OUT", "--dataset", "x" * 5000], "no dataset"),
        (["lock", "--prompt", "x", "--out", "DATA/red/0.png/out", "--dataset", "DATA"], "can't be written"),
        (["lock", "--prompt", "x", "--out", "OUT", "--image-size", "2000"], "between 1 and 1024"),
        (["lock", "--prompt", "x", "--out", "OUT", "--image-size", "100", "--task", "segmentation"], "multiple of 32"),
        (["lock", "--prompt", "x", "--out", "OUT", "--frobnicate"], "unrecognized"),
        (["test", "nowhere"], "holds no locked model"),
        (["test", "MODEL", "--key", "nowhere.json"], "no such key file"),
        (["test", "MODEL"], "the dataset has"),
        (["predict", "MODEL", "DATA/red/0.png", "--key", "MODEL/card.json"], "not a key file"),
        (["verify", "MODEL"], "required: --key"),
        (["verify", "MODEL", "--key", "MODEL.key.json"], "the dataset has"),
        (["frobnicate"], "(see modellock --help)"),
        ([], "required: command"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(locked, tmp_path, capsys, arguments, message):
    places = {"DATA": locked / "data", "MODEL": locked / "model", "OUT": tmp_path / "out"}
    for name, path in places.items():
        arguments = [a.replace(name, str(path)) for a in arguments]
    code, lines, err = run(capsys, *arguments)
    assert code == 2 and not lines
    assert message in err and len(err.strip().splitlines()) == 1 and "Traceback" not in err


def test_attack_writes_a_report(locked, capsys, monkeypatch):
    from modellock_core.evaluation.attacks import BUDGETS

    tiny = replace(
        BUDGETS["quick"], test_images=4, prompts=2, label_fractions=(0.5,), epochs=1, queries=2, gradient_steps=1,
        leaked=(1,),
    )  # fmt: skip
    monkeypatch.setitem(BUDGETS, "quick", tiny)
    attack = ("attack", locked / "model", "--key", locked / "model.key.json", "--dataset", locked / "data",
              "--split-seed", 3, "--out", locked / "attack.json")  # fmt: skip
    code, lines, _ = run(capsys, *attack, "--thief", "guesser")
    report = json.loads((locked / "attack.json").read_text())
    assert code == 0 and lines[0]["report"].endswith("attack.json")
    assert {"wrong prompt", "wrong editor", "prompt search"} <= set(report["summary"])

    code, _, err = run(capsys, *attack, "--thief", "guesser")  # nothing is run again
    assert code == 0 and "Trying" not in err and json.loads((locked / "attack.json").read_text()) == report
    assert run(capsys, *attack, "--budget", "full")[0] == 2  # those are another report's


@pytest.mark.parametrize("first", [True, False])
def test_only_the_first_process_shows_the_progress(first, capsys, monkeypatch):
    def steps():
        for stage in ("Reading", "Reading", "Testing"):
            yield Progress(stage, 1, 2, {"locked_performance": 0.5})
        return 7

    accelerator = SimpleNamespace(is_main_process=first)
    monkeypatch.setattr("modellock_core.command_line.progress_bar.accelerator", lambda: accelerator)
    assert follow(Work(steps())) == 7
    assert ("Testing" in capsys.readouterr().err) == first


def test_a_command_that_is_told_to_end_leaves_in_order(tmp_path, monkeypatch):
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread alone")
    left = []

    def lock(args):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)  # it is ended here
        finally:
            left.append(args.out)

    monkeypatch.setattr(commands, "lock", lock)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            main(["lock", "--prompt", "in sepia", "--out", str(tmp_path / "model")])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 128 + signal.SIGTERM and left


def test_attack_needs_a_file_for_its_report(locked, capsys):
    code, _, err = run(capsys, "attack", locked / "model", "--key", locked / "model.key.json", "--out", locked)
    assert code == 2 and "give a file" in err


def test_segmentation_is_locked_tested_and_predicted(tmp_path, capsys):
    import numpy as np

    for part in ("images", "masks"):
        (tmp_path / "data" / part).mkdir(parents=True)
    for i in range(8):
        pixels, mask = np.full((64, 64, 3), 60, np.uint8), np.zeros((64, 64), np.uint8)
        pixels[16:48, 8 + 2 * i : 40 + 2 * i, 2], mask[16:48, 8 + 2 * i : 40 + 2 * i] = 220, 1
        Image.fromarray(pixels).save(tmp_path / "data" / "images" / f"{i}.png")
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / f"{i}.png")
    shared = ("--dataset", tmp_path / "data")
    code, (report,), _ = run(capsys, "lock", "--prompt", "in sepia", "--steps", 1, "--task", "segmentation", *shared,
                             "--out", tmp_path / "model")  # fmt: skip
    assert code == 0 and report["metric"] == "mean IoU" and report["classes"] == ["background", "class 1"]
    key = ("--key", tmp_path / "model.key.json")
    code, (figures,), _ = run(capsys, "test", tmp_path / "model", *shared, *key)
    assert code == 0 and figures["unlocked_performance"] == pytest.approx(report["unlocked_performance"], abs=5e-3)

    image = tmp_path / "data" / "images" / "0.png"
    code, (line,), _ = run(capsys, "predict", tmp_path / "model", image, *key, "--out", tmp_path / "out")
    assert code == 0 and sum(line["areas"].values()) == pytest.approx(1, abs=1e-3)
    assert Image.open(line["mask"]).mode == "P" and Image.open(line["overlay"]).size == (128, 128)
    code, lines, err = run(capsys, "predict", tmp_path / "model", image, *key)
    assert code == 2 and not lines and "--out" in err
