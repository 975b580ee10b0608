"""Builds a wheel from a clean copy of just the packages that belong in it.

Nothing of an earlier build, of the environment or of another distribution gets in, and nothing
is downloaded: the build uses the setuptools that is installed here. The client's version and the
ranges of what it needs are those of the platform's ``setup.cfg``.
"""

import configparser
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel: its folders (a trailing ``/`` takes what is below, too) and its metadata."""

    name: str
    folders: tuple[str, ...]
    needs: tuple[str, ...] | None = None


PLATFORM: Final = Distribution(
    "midspan", ("adapters/", "config/", "mappings/", "midspan/", "shared_services/")
)
CLIENT: Final = Distribution(
    "midspan-client",
    (
        "midspan",
        "midspan/kernel/",
        "shared_services",
        "shared_services/client/",
        "shared_services/contracts/",
        "shared_services/messaging/",
    ),
    needs=("msgspec", "pika"),
)
DISTRIBUTIONS: Final = (PLATFORM, CLIENT)


def build_wheel(distribution: Distribution, into: Path) -> Path:
    """Build a wheel into a folder, made if it is missing; return its file."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        source, wheels = Path(name, "source"), Path(name, "wheels")
        _lay_out(distribution, source)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(wheels)]
        subprocess.run([*command, *options, str(source)], check=True)  # noqa: S603 our own words
        (built,) = wheels.glob("*.whl")
        return Path(shutil.move(built, into / built.name))


def requirements(distribution: Distribution) -> list[str]:
    """Return what a wheel needs, with the ranges of ``setup.cfg``."""
    lines = _platform()["options"]["install_requires"].split()
    if distribution.needs is None:
        return lines
    return [line for line in lines if line.rstrip("<>=,.0123456789") in distribution.needs]


def _lay_out(distribution: Distribution, source: Path) -> None:
    for folder in distribution.folders:
        target = source / folder
        if folder.endswith("/"):
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(ROOT / folder, target, ignore=ignored, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True)
            shutil.copy(ROOT / folder / "__init__.py", target)
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    if distribution is PLATFORM:
        shutil.copy(ROOT / "setup.cfg", source)
    else:
        shutil.copy(HERE / "client.md", source / "README.md")
        _write_metadata(distribution, source / "setup.cfg")


def _write_metadata(distribution: Distribution, file: Path) -> None:
    metadata = configparser.ConfigParser()
    metadata.read(HERE / "client.cfg")
    metadata["metadata"]["version"] = _platform()["metadata"]["version"]
    metadata["options"]["install_requires"] = "\n".join(["", *requirements(distribution)])
    with file.open("w") as written:
        metadata.write(written)


def _platform() -> configparser.ConfigParser:
    platform = configparser.ConfigParser()
    platform.read(ROOT / "setup.cfg")
    return platform
