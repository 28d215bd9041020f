"""Locked models on a Hub that is a folder here."""

import json
import shutil

import pytest

from modellock_core import Key, LockedModel, ModelLockError
from modellock_core.__main__ import main
from modellock_core.locking import hub_models
from modellock_core.paths import EXAMPLE_KEY, EXAMPLE_LOCK


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub in a folder: what is pushed there can be pulled."""
    root = tmp_path / "hub"

    class Api:
        def __init__(self, token=None):
            pass

        def create_repo(self, name, private, exist_ok):
            (root / name).mkdir(parents=True, exist_ok=exist_ok)

        def upload_folder(self, repo_id, folder_path, allow_patterns, commit_message):
            for file in allow_patterns:
                if (folder_path / file).exists():
                    shutil.copy(folder_path / file, root / repo_id)

    def download(name, revision, allow_patterns):
        if not (root / name).is_dir():
            raise OSError("no such model")
        return str(root / name)

    monkeypatch.setattr(hub_models, "HfApi", Api)
    monkeypatch.setattr(hub_models, "snapshot_download", download)
    return root


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(EXAMPLE_LOCK, tmp_path / "locked")


def test_a_model_is_pushed_with_a_card_and_pulled_by_name(hub, folder):
    locked = LockedModel.load(folder)
    assert locked.push_to_hub("me/pets") == "https://huggingface.co/me/pets"
    assert {"card.json", "model.safetensors", "README.md"} == {path.name for path in (hub / "me" / "pets").iterdir()}
    page = (hub / "me" / "pets" / "README.md").read_text()
    assert page.startswith("---\n") and "with the key (UP" in page and "It is locked" in page
    assert LockedModel.from_pretrained("me/pets").card == LockedModel.load("hub:me/pets").card == locked.card


def test_the_command_line_takes_a_model_of_the_hub(hub, folder, tmp_path, capsys):
    assert main(["push", str(folder), "me/pets", "--private", "--key", str(EXAMPLE_KEY)]) == 0
    assert json.loads(capsys.readouterr().out)["model"].endswith("me/pets")
    assert not list(hub.rglob("*.key.json"))
    assert main(["test", "hub:me/pets", "--max-test", "9", "--key", str(EXAMPLE_KEY)]) == 0
    assert json.loads(capsys.readouterr().out)["unlocked_performance"] > 0.5


@pytest.mark.parametrize("name", ["own.key.json", "deep/notes.json"])
def test_a_key_is_never_uploaded(hub, folder, name):
    (folder / "deep").mkdir()
    Key.load(EXAMPLE_KEY).save(folder / name)
    with pytest.raises(ModelLockError, match="is a key, which must never be uploaded"):
        hub_models.push_to_hub(folder, "me/pets")
    assert not hub.exists()


def test_a_page_that_tells_the_prompt_is_not_uploaded(hub, folder):
    key = Key.load(EXAMPLE_KEY)
    (folder / "README.md").write_text(f"The prompt is {key.prompt}.")
    with pytest.raises(ModelLockError, match=r"README.md tells of the key"):
        hub_models.push_to_hub(folder, "me/pets", secrets=[key.prompt])


@pytest.mark.parametrize(
    ("name", "message"), [("hub:nothing", "is no name on the Hub"), ("hub:me/none", "me/none can't be downloaded")]
)
def test_a_model_that_is_not_there_is_named(hub, name, message):
    with pytest.raises(ModelLockError, match=message):
        LockedModel.load(name)


def test_a_folder_without_a_model_is_not_pushed(hub, tmp_path):
    with pytest.raises(ModelLockError, match="holds no locked model"):
        hub_models.push_to_hub(tmp_path, "me/pets")


def test_without_a_connection_one_line_says_that_nothing_was_uploaded(hub, folder, monkeypatch, capsys):
    class ConnectError(Exception):
        """That of an HTTP library."""

    def fail(*args, **settings):
        raise ConnectError("Name or service not known")

    monkeypatch.setattr(hub_models.HfApi, "create_repo", fail)
    assert main(["push", str(folder), "me/pets"]) == 2
    assert "me/pets can't be uploaded (Name or service not known)" in capsys.readouterr().err
