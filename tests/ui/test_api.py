"""The HTTP API, as a client sees it."""

import json
import re
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from modellock_core import Key, LockedModel
from modellock_core.evaluation import attacks
from modellock_core.paths import EXAMPLE_KEY, TOYBOX
from ui import api

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.fixture(scope="module")
def client(url, tmp_path_factory):
    return Client(url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """The file of a bird."""
    file = tmp_path_factory.mktemp("photos") / "photo.jpg"
    with zipfile.ZipFile(TOYBOX) as archive:
        name = next(name for name in archive.namelist() if name.startswith("images/test/bird/"))
        with archive.open(name) as content:
            Image.open(content).convert("RGB").save(file)
    return file


def post(address: str, content: object) -> dict:
    """Post JSON, and read JSON."""
    request = urllib.request.Request(address, json.dumps(content).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_there_are_five_endpoints_and_all_is_named_typed_and_described(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert list(endpoints) == ["/preview", "/grid", "/lock", "/predict", "/attack"]
    for endpoint in endpoints.values():
        assert endpoint["description"]
        for parameter in endpoint["parameters"]:
            assert parameter["label"] == parameter["parameter_name"]
            assert parameter["python_type"]["description"] and parameter["python_type"]["type"] != "Any"
        assert not [result for result in endpoint["returns"] if result["label"].startswith("value_")]
    assert not client.view_api(all_endpoints=True, return_format="dict")["unnamed_endpoints"]


def test_a_preview_has_the_size_that_was_asked_for_and_as_much_of_the_edit(client, photo):
    given = {"image": handle_file(photo), "prompt": "in watercolor", "size": 128, "api_name": "/preview"}
    keyed, edit = (Image.open(client.predict(**given, alpha=alpha)) for alpha in (0.5, 1.0))
    assert min(keyed.size) == 128 and keyed.tobytes() != edit.tobytes()


def test_a_grid_has_a_row_for_each_prompt_and_a_column_for_each_alpha_and_seed(client, photo):
    given = {"image": handle_file(photo), "prompts": ["in watercolor", "made of gold"], "size": 64, "api_name": "/grid"}
    small, wide = (
        Image.open(client.predict(**given, **more)) for more in ({}, {"alphas": [0.5, 1.0], "seeds": [1, 2]})
    )
    step = (wide.width - small.width) // 3  # px from one column to the next
    cells = {
        wide.crop((x - step, small.height - step, x, small.height)).tobytes() for x in range(wide.width, 170, -step)
    }
    assert step > 64 and len(cells) == 4  # each column is another edit


def test_the_example_answers_only_to_its_key(client, photo):
    answers, pictures = client.predict(image=handle_file(photo), api_name="/predict")
    assert answers["keyed"]["label"] == "bird" and answers["clean"]["abstains"] and answers["key_belongs_to_model"]
    assert len(pictures) == 2
    guessed, _ = client.predict(image=handle_file(photo), guess="in winter", api_name="/predict")
    assert guessed["keyed"]["probabilities"] != answers["keyed"]["probabilities"]


@pytest.mark.slow
def test_the_documented_client_locks_a_model_and_asks_it(url, photo, monkeypatch):
    monkeypatch.chdir(photo.parent)
    snippet = next(block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if "Client(" in block)
    names: dict = {}
    small = snippet.replace("http://127.0.0.1:7860", url).replace("images=100", 'images=27, recipe="paper"')
    exec(small, names)
    key = Key.load(names["key"])
    assert key.prompt == "in watercolor" and key.hand
    with zipfile.ZipFile(names["model"]) as archive:
        archive.extractall("opened")
    assert LockedModel.load("opened").belongs_to(key)
    assert names["answers"]["key_belongs_to_model"] and names["report"]["num_train"] == 27


def test_an_attack_tells_how_far_it_is_and_returns_the_report(monkeypatch):
    monkeypatch.setattr("ui.progress.REFRESH", 0)
    monkeypatch.setattr("modellock_core.evaluation.thieves.attacks_of", lambda thief: ("wrong_settings",))
    monkeypatch.setitem(attacks.BUDGETS, "quick", replace(attacks.BUDGETS["quick"], test_images=9))
    *told, report = api.attack(thief="guesser")
    assert told and all(one["stage"] for one in told)
    assert report["attacks"] == ("wrong_settings",) and report["findings"]


@pytest.mark.parametrize(
    ("endpoint", "given", "message"),
    [
        ("/preview", {"prompt": " "}, "the key prompt is empty"),
        ("/preview", {"prompt": "in winter", "alpha": 7}, "alpha must be"),
        ("/preview", {"prompt": "in winter", "size": 5000}, "size must be"),
        ("/preview", {"prompt": "in winter", "editor": "nobody/nothing"}, "needs the editor"),
        ("/grid", {"prompts": []}, "that is 0 pictures"),
        ("/grid", {"prompts": ["in winter"] * 5, "seeds": [1, 2, 3, 4, 5]}, "that is 25 pictures"),
        ("/lock", {"prompt": "in winter", "recipe": "none"}, "there is no recipe"),
        ("/lock", {"prompt": "in winter", "images": -1}, "whole numbers"),
        ("/attack", {"thief": "nobody"}, "thief is one of"),
        ("/attack", {"thief": None}, "thief is one of"),
        ("/attack", {"budget": None}, "budget one of quick, full"),
        ("/attack", {"budget": "endless"}, "budget one of quick, full"),
    ],
)
def test_bad_input_is_told_in_a_sentence(client, photo, endpoint, given, message):
    with pytest.raises(AppError, match=message):
        client.predict(
            **given | ({"image": handle_file(photo)} if endpoint in ("/preview", "/grid") else {}), api_name=endpoint
        )


def test_what_is_no_image_no_model_and_no_key_is_named(client, photo):
    other = handle_file(__file__)
    with pytest.raises(AppError, match="the image can't be read"):
        client.predict(image=other, prompt="in winter", api_name="/preview")
    with pytest.raises(AppError, match="the model is no locked model"):
        client.predict(image=handle_file(photo), model=other, key=handle_file(EXAMPLE_KEY), api_name="/predict")
    with pytest.raises(AppError, match="the key is not a key file"):
        client.predict(image=handle_file(photo), key=other, api_name="/predict")


def test_nobody_reads_the_server_s_files(client, url):
    for path in (str(EXAMPLE_KEY), "/etc/hostname"):
        event = post(f"{url}gradio_api/call/preview", {"data": [{"path": path}, "in winter"]})["event_id"]
        with urllib.request.urlopen(f"{url}gradio_api/call/preview/{event}", timeout=60) as answer:
            assert "event: error" in answer.read().decode()


def test_nobody_goes_round_the_queue(url):
    with pytest.raises(urllib.error.HTTPError):
        post(f"{url}gradio_api/run/preview", {"data": [None, "in winter"]})


def test_a_lock_that_nobody_waits_for_stops(client):
    job = client.submit(prompt="in winter", images=4000, recipe="thorough", api_name="/lock")
    while not job.outputs():
        time.sleep(0.1)
    job.cancel()
    with pytest.raises(AppError, match="whole numbers"):  # the next one's turn has come
        client.submit(prompt="in winter", images=0, api_name="/lock").result(timeout=30)
