"""docs/it/systems.md gives every key of every YAML file with its default; its examples bind."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from adapters.base import adapter_class, adapter_types
from config import model
from config.settings import Settings
from config.tree import parse_tree
from mappings import run_examples
from midspan.sync.project import Project, assemble
from tests.docs.pages import ROOT, Block, blocks, checked_tables, words

PAGE = ROOT / "docs" / "it" / "systems.md"
TABLES = checked_tables(PAGE, "keys")


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default_factory is not dataclasses.MISSING:
        return "empty" if field.default_factory is dict else "its own"
    return "required" if field.default is dataclasses.MISSING else _shown(field.default)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if value in ("", ()):
        return "empty"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, timedelta):
        return f"`{_duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    for unit, length in (("h", 3600), ("m", 60)):
        if seconds % length == 0 and (seconds > 60 or unit == "h"):
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


def _schemas() -> set[str]:
    """Return every dataclass that a project's YAML is bound to."""
    roots: list[type] = [model.SystemConfig, model.StreamConfig, model.PartConfig, model.SyncConfig]
    for name in adapter_types():
        roots += [adapter_class(name).spec, adapter_class(name).stream_spec]
    found: dict[str, type] = {}
    while roots:
        cls = roots.pop()
        found[f"{cls.__module__}.{cls.__qualname__}"] = cls
        for hint in get_type_hints(cls).values():
            roots += [one for one in _inside(hint) if one not in found.values()]
    return {name for name, cls in found.items() if cls.__module__ != "config.tree"}


def _inside(hint: Any) -> list[type]:
    parts = [hint, *(part for one in getattr(hint, "__args__", ()) for part in _inside(one))]
    return [one for one in parts if isinstance(one, type) and dataclasses.is_dataclass(one)]


def test_every_schema_has_its_table() -> None:
    """A dataclass that YAML is bound to, and that has no table, fails here."""
    assert set(TABLES) == _schemas()


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_gives_the_keys_and_defaults_of_its_schema(name: str) -> None:
    """Key by key, in the schema's order, with the default that really holds."""
    module, _, cls = name.rpartition(".")
    fields = dataclasses.fields(getattr(import_module(module), cls))
    shown = [(words(row[0])[0], row[1]) for row in TABLES[name]]

    assert shown == [(field.name.removesuffix("_"), _default(field)) for field in fields]


def test_every_adapter_has_its_heading() -> None:
    """Each installed adapter is described."""
    text = PAGE.read_text()

    assert [name for name in adapter_types() if f"\n## {name}\n" not in text] == []


def _named(block: Block) -> str:
    first = block.text.partition("\n")[0]
    return first.removeprefix("# ") if first.startswith("# ") else ""


@pytest.fixture
def example_project(tmp_path: Path) -> Project:
    """Lay out every example that names its file as one project."""
    for block in blocks("yaml", "csv"):
        if _named(block):
            file = tmp_path / _named(block)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text.partition("\n")[2] if file.suffix == ".csv" else block.text)
    settings = Settings.from_environment({"MIDSPAN_HOME": str(tmp_path)})
    return assemble(settings)


def test_examples_are_a_healthy_project(example_project: Project) -> None:
    """All examples of the documentation together bind without a problem."""
    kinds = {system.config.type for system in example_project.systems.values()}

    assert kinds == set(adapter_types())
    assert example_project.syncs != {}


def test_examples_in_mappings_come_true(example_project: Project) -> None:
    """A mapping that the documentation shows does what its own examples say."""
    failures = [
        str(problem)
        for sync in example_project.syncs.values()
        for problem in run_examples(sync.mapping)
    ]

    assert failures == []


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.name)
def test_yaml_can_be_read(block: Block) -> None:
    """Each YAML block is YAML that the platform's own reader takes."""
    tree = parse_tree(block.text.encode(), block.page)

    assert isinstance(tree.value, Mapping | list)
