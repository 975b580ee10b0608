"""docs/it/start.md is true: its commands run as they stand there and print what it shows.

So does each output in docs/ops/commands.md, in the project that the page leads to.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from itertools import groupby, pairwise
from pathlib import Path

from click.testing import CliRunner

from midspan.cli.main import main
from tests.docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "it" / "start.md"
COMMANDS = ROOT / "docs" / "ops" / "commands.md"
BROKEN = "  invoices: {primary_key: 'no', table: invoices}\n"
AGE = re.compile(r"\d+ (?:second|minute|hour|day)s?|less than a second")
STAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2})?")


class Terminal:
    """Runs blocks one after the other, as a person would type them into one shell.

    ``midspan`` runs in this process, all else in bash; folder and variables carry over.
    """

    def __init__(self, home: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if "MIDSPAN" not in name}
        self.environment = {**inherited, "HOME": str(home), "COLUMNS": "100"}
        self.folder = str(home)

    def run(self, block: Block) -> str:
        """Run a block of commands, or write the file that a block names; return the output."""
        if block.language == "yaml":
            name, _, text = block.text.partition("\n")
            (Path(self.folder) / name.removeprefix("# ")).write_text(text)
            return ""
        lines = block.text.splitlines()
        parts = groupby(lines, lambda line: line.startswith("midspan "))
        return "".join(
            "".join(map(self.midspan, some)) if ours else self._bash("\n".join(some))
            for ours, some in parts
        )

    def midspan(self, line: str) -> str:
        """Run the command."""
        unset = dict.fromkeys(name for name in os.environ if name not in self.environment)
        with chdir(self.folder):
            words = shlex.split(line)[1:]
            done = CliRunner().invoke(main, words, env={**unset, **self.environment})
        assert isinstance(done.exception, SystemExit | None), line
        return done.output

    def _bash(self, script: str) -> str:
        done = subprocess.run(
            ["/bin/bash", "-ec", f"{script}\nprintf '\\0'; pwd; env -0"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        printed, state, *variables = done.stdout.split("\0")
        self.folder, _, first = state.partition("\n")
        pairs = (one.partition("=") for one in (first, *variables) if one)
        self.environment = {name: value for name, _, value in pairs}
        return printed


def _plain(text: str) -> list[str]:
    lines = STAMP.sub("DAY", AGE.sub("AGE", text)).splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def _walk(terminal: Terminal) -> Iterator[tuple[Block, str, str]]:
    """Yield each command block of the page with its output and the output that the page shows."""
    steps = [block for block in blocks("sh", "yaml", "text") if block.page == PAGE]
    for block, following in pairwise([*steps, steps[-1]]):
        if block.language != "text":
            output = terminal.run(block)
            shown = following.text if following.language == "text" else ""
            yield block, output, shown


def test_every_command_prints_what_the_pages_show(tmp_path: Path) -> None:
    """But for ages and dates: each output stands under its command."""
    terminal = Terminal(tmp_path)
    compared = 0
    for block, output, shown in _walk(terminal):
        if shown:
            compared += 1
            assert _plain(output) == _plain(shown), block.name
    system = Path(terminal.folder) / "config/systems/oldshop.yaml"
    system.write_text(system.read_text() + BROKEN)
    for block in blocks("text"):
        if block.page == COMMANDS and block.kind == "output":
            compared += 1
            assert _plain(terminal.midspan(block.subject)) == _plain(block.text), block.name

    assert compared > 10
