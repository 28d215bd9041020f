"""docs/api.md against the command line's own parser."""

import argparse
import re
from pathlib import Path

import pytest

from modellock_core.command_line.arguments import build_parser

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
COMMANDS = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)).choices


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_is_documented(command):
    assert f"modellock {command} " in API
    options = {text for action in COMMANDS[command]._actions for text in action.option_strings}
    documented = set(re.findall(r"`(--[a-z-]+)[` ]", API))
    assert options - {"-h", "--help"} <= documented


def test_every_documented_option_is_there():
    options = {text for parser in COMMANDS.values() for action in parser._actions for text in action.option_strings}
    table = "\n".join(line for line in API.splitlines() if line.startswith("| `--"))
    assert set(re.findall(r"^\| (`--.*?) \|", table, re.M)), "the table of options"
    names = {name for row in re.findall(r"^\| (`--.*?) \|", table, re.M) for name in re.findall(r"--[a-z-]+", row)}
    assert names <= options
