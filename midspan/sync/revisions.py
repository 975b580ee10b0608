"""A mapping as it is, as it was, or as it might become: by name, by file, by git revision.

``crm_customers`` is the project's own, ``crm_customers@HEAD~1`` the one of a revision, with the
lookup tables of that time; anything that ends in ``.yaml`` is a file, wherever it lies and
whatever its name: it takes its own folder's lookup tables, or the project's.
"""

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from config.tree import read_tree
from mappings import CompiledMapping
from mappings.tables import FOLDER
from midspan.kernel.errors import ConfigurationError, UnknownName
from midspan.sync.proving import project_mappings


def mapping_of(home: Path, spoken: str) -> CompiledMapping:
    """Return the mapping that is spoken of; its lookup tables are in memory.

    Raises ConfigurationError with all that is wrong in its file, and UnknownName
    ``mapping.unknown`` or ``mapping.revision``.
    """
    name, at, revision = spoken.partition("@")
    if spoken.endswith(".yaml"):
        return _from_file(home, Path(spoken))
    if at:
        return _from_revision(home, name, revision)
    return project_mappings(home, (spoken,))[0]


def _from_file(home: Path, file: Path) -> CompiledMapping:
    declared = read_tree(file).get("mapping")
    name = str(declared.value) if declared else file.stem
    with _folder() as folder:
        shutil.copyfile(file, folder / f"{Path(name).name}.yaml")
        tables = [one / FOLDER for one in (file.parent, home / "mappings")]
        for found in [one for one in tables if one.is_dir()][:1]:
            shutil.copytree(found, folder / FOLDER)
        return _loaded(folder, name, str(file))


def _from_revision(home: Path, name: str, revision: str) -> CompiledMapping:
    with _folder() as folder:
        wanted = _git(home, revision, "ls-tree", "--name-only")
        names = [one for one in wanted.decode().split() if one in (f"{name}.yaml", FOLDER)]
        if f"{name}.yaml" not in names:
            raise _unknown(name, revision)
        packed = _git(home, revision, "archive", "--format=tar", names=names)
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        return _loaded(folder, name, f"{name}@{revision}")


def _git(home: Path, revision: str, *words: str, names: Sequence[str] = ()) -> bytes:
    command = ["git", "-C", str(home / "mappings"), *words, "--end-of-options", revision, *names]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603 no shell; the revision is no option
    except FileNotFoundError:
        raise UnknownName("mapping.revision", "there is no git to ask for a revision") from None
    except subprocess.SubprocessError:
        raise _unknown("", revision) from None
    return done.stdout


def _unknown(name: str, revision: str) -> UnknownName:
    what = f" of the mapping '{name}'" if name else ""
    return UnknownName(
        "mapping.revision",
        f"git has no revision '{revision}'{what}",
        remedy="Name a commit, branch or tag of the project's repository",
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """Give an empty folder that looks like a project's, for the time of the context."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mappings"
        folder.mkdir()
        yield folder


def _loaded(folder: Path, name: str, place: str) -> CompiledMapping:
    try:
        return project_mappings(folder.parent, (f"{name}.yaml",))[0]
    except ConfigurationError as error:
        # What is wrong stands in the file that was named, not in our copy of it.
        raise ConfigurationError(
            [
                replace(one, file=Path(place) if one.file.suffix == ".yaml" else one.file)
                for one in error.problems
            ]
        ) from None
