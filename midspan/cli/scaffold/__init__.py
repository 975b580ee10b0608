"""Makes a project folder, or brings an existing one's JSON Schemas up to date.

Guarantee: no file of yours is overwritten. Only the schemas are written anew; an example is
added where no file of its name stands. A folder that is neither empty nor a project is left
alone. The file for secrets is made readable by its owner only. What is made passes
``midspan lint`` as it is.
"""

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from midspan.kernel.errors import ConfigurationError, Problem

TYPES = ("file", "rest", "rpc", "soap", "sql")
"""The types of which there is an example."""

_PLACES = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "airflowignore": ".airflowignore",
    "dags/config_check.py": "dags/config_check.py",
    "dags/syncs.py": "dags/syncs.py",
}
_FOLDERS = ("config/systems", "config/syncs", "mappings/lookups")
_SECRETS = "secrets.yaml"
_NO_FILES_YET = {".git", ".gitignore", ".DS_Store"}


def make_project(folder: Path, types: Sequence[str] = ()) -> list[str]:
    """Return what was written, from ``folder``.

    Raises ConfigurationError ``init.not_empty`` for a folder with something else in it.
    """
    from midspan.sync.schemas import write_schemas

    is_project = (folder / "config" / "systems").is_dir()
    if not is_project:
        _require_empty(folder)
    written = [] if is_project else _begin(folder)
    for name in types or (() if is_project else ("sql",)):
        example = f"config/systems/legacy_{name}.yaml"
        if not (folder / example).exists():
            _write(_template() / "systems" / f"{name}.yaml", folder / example)
            written.append(example)
    return written + write_schemas(folder)


def _require_empty(folder: Path) -> None:
    found = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in found if name not in _NO_FILES_YET]
    if others:
        problem = Problem(
            "init.not_empty",
            folder,
            0,
            0,
            f"the folder is no project and holds '{others[0]}'",
            "Name a new folder, or an empty one",
        )
        raise ConfigurationError([problem])


def _begin(folder: Path) -> list[str]:
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    written = []
    for template, place in _PLACES.items():
        if not (folder / place).exists():
            _write(_template() / template, folder / place)
            written.append(place)
    return [*written, *_secrets(folder)]


def _secrets(folder: Path) -> list[str]:
    file = folder / _SECRETS
    file.touch(mode=0o600, exist_ok=True)
    file.chmod(0o600)
    if not file.stat().st_size:
        file.write_text((_template() / _SECRETS).read_text())
    return [_SECRETS]


def _write(template: Traversable, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(template.read_text())


def _template() -> Traversable:
    return files(__package__) / "files"
