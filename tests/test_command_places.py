"""Where commands write, and what they say before any work."""

import pytest
from PIL import Image

from modellock_core.__main__ import main
from modellock_core.errors import ModelLockError
from modellock_core.locking.saving import check_places


@pytest.fixture
def told(capsys):
    """The one line in which a command refuses."""

    def run(*arguments):
        assert main([str(a) for a in arguments]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return run


def test_a_lock_that_is_there_is_named_by_its_option_and_may_be_forced(told, tmp_path):
    lock = ("lock", "--prompt", "in sepia", "--out", tmp_path / "model")
    (tmp_path / "model.key.json").write_text("{}")
    assert "--key-out: " in (line := told(*lock)) and line.endswith("give another name, or --force to replace it")
    assert told(*lock, "--force").endswith("is no key file; give another name")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card.json").write_text("{}")
    assert "--out: " in told(*lock, "--key-out", tmp_path / "other.json")


def test_a_command_without_force_does_not_offer_it(told, tmp_path):
    (tmp_path / "pets.key.json").write_text("{}")
    line = told("import-authors", tmp_path / "checkpoint.pth", "--out", tmp_path / "pets")
    assert "--out: " in line and "--force" not in line and "--key-out" not in line


def test_the_core_speaks_of_no_option(tmp_path):
    for folder, key_file in (("model", "model/key.json"), ("new/model", "new"), ("model", ".")):
        with pytest.raises(ModelLockError) as error:
            check_places(tmp_path / folder, tmp_path / key_file, force=False)
        assert "--" not in str(error.value)


def test_an_image_of_too_many_pixels_is_one_line_without_a_warning(told, tmp_path, recwarn):
    Image.new("1", (10_000, 9_999)).save(tmp_path / "large.png")
    assert "too large" in told("edit", tmp_path / "large.png", "--prompt", "in sepia", "--out", tmp_path / "edited")
    assert not [warning for warning in recwarn if issubclass(warning.category, Image.DecompressionBombWarning)]
