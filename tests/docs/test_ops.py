"""docs/ops names every setting, every command with its options, and every exit code."""

import re
from collections.abc import Iterator

import click

from config import settings
from midspan.cli.main import main
from tests.docs.pages import ROOT, checked_tables, headings, section, tables, words

SETTINGS = ROOT / "docs" / "ops" / "settings.md"
COMMANDS = ROOT / "docs" / "ops" / "commands.md"
VARIABLE = re.compile(r"\bMIDSPAN_[A-Z]+(?:_[A-Z]+)*\b")
ROOMS = ("adapters", "config", "dags", "deploy", "mappings", "midspan", "shared_services")


def _leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for verb, child in command.commands.items():
            yield from _leaves(child, f"{name} {verb}")
    else:
        yield name, command


def test_every_command_is_documented_and_no_other() -> None:
    """A verb that is added, renamed or removed fails here."""
    shown = {one for one in headings(COMMANDS) if one.startswith("midspan ")}

    assert shown == {name for name, _ in _leaves(main, "midspan")}


def test_every_option_is_documented_and_no_other() -> None:
    """The options that a command's section names are those that it takes."""
    shown = {}
    taken = {}
    for name, command in _leaves(main, "midspan"):
        text = section(COMMANDS, f"## {name}")
        shown[name] = {one for one in words(text) if one.startswith("--")}
        taken[name] = {
            option
            for one in command.params
            if isinstance(one, click.Option)
            for option in (*one.opts, *one.secondary_opts)
        }

    assert shown == taken


def test_the_platforms_settings_are_documented() -> None:
    """The table of config/settings.py and the page name the same variables."""
    declared = re.findall(r"^``(\w+)``", settings.__doc__ or "", re.MULTILINE)
    shown = [words(row[0])[0] for row in checked_tables(SETTINGS, "settings")[""]]

    assert shown == declared


def test_every_variable_that_is_read_is_documented() -> None:
    """No variable of ours is read anywhere that the page does not name, and none is invented."""
    files = [
        file
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.suffix in {".py", ".sh"} and "__pycache__" not in file.parts
    ]
    read = {name for file in files for name in VARIABLE.findall(file.read_text())}
    shown = {words(row[0])[0] for table in tables(SETTINGS) for row in table}

    assert {name for name in shown if name.startswith("MIDSPAN_")} == read


def test_make_targets_named_anywhere_exist() -> None:
    """A page names only tasks that ``make help`` lists."""
    tasks = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        task
        for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
        for task in re.findall(r"(?:^|`)make ([a-z-]+)\b", page.read_text(), re.MULTILINE)
    }

    assert named <= tasks
    assert {"demo", "demo-down", "test"} <= named
