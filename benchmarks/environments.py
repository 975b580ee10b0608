"""The peers' own environments: pinned, built on demand, apart from the platform's.

Guarantee: an environment holds exactly what its list pins (``benchmarks/peers/NAME.txt``), or
building it raised. It stands in ``var/bench/envs/NAME`` and is made anew when the list, or
the interpreter, has changed.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.frame import BENCH, ROOT, BenchmarkError

_UV = ROOT / "deploy" / "local" / "uv.sh"
_STAMP = ".midspan-stamp"
_VERSIONS = (
    "import importlib.metadata, json, sys;"
    "print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))"
)


@dataclass(frozen=True, slots=True)
class Environment:
    """A peer's interpreter."""

    python: Path

    def versions(self, *packages: str) -> dict[str, str]:
        """Return which versions of some packages are installed in it."""
        told: dict[str, str] = json.loads(_run([self.python, "-c", _VERSIONS, *packages]))
        return told


def environment(name: str) -> Environment:
    """Return a peer's environment, built if it is not there."""
    pins = ROOT / "benchmarks" / "peers" / f"{name}.txt"
    folder = BENCH / "envs" / name
    found = Environment(folder / "bin" / "python")
    wanted = hashlib.sha256(f"{folder} {sys.version}\n{pins.read_text()}".encode()).hexdigest()
    stamp = folder / _STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run(["bash", _UV, "--quiet", "venv", "--python", sys.executable, folder])
    _run(["bash", _UV, "--quiet", "pip", "sync", "--python", found.python, pins])
    stamp.write_text(wanted)
    return found


def _run(words: Sequence[str | Path]) -> str:
    done = subprocess.run(  # noqa: S603 our own script, and interpreters that it made
        words, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"a peer's environment could not be made: {done.stderr[-2000:]}")
    return done.stdout
