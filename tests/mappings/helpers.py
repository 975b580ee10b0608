"""Writes mapping files of a few lines and loads them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mappings import CompiledMapping, Translation, compile_mapping, load_mapping
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import EntityType, FieldType, entity_types

CUSTOMER = entity_types()["customer"]
PRICE = entity_types()["price"]


def entity(*fields: FieldType) -> EntityType:
    """Return an entity `thing/1` of the given fields."""
    return EntityType("thing", 1, CUSTOMER.data, CUSTOMER.golden, fields)


def field(name: str, kind: Any = "string", *, required: bool = False, **more: Any) -> FieldType:
    """Return a field; one that is not required may be missing."""
    return FieldType(name, kind, required, not required, False, **more)


def write(folder: Path, text: str, tables: Mapping[str, str] | None = None) -> Path:
    """Write `text` as the mapping `m`, and its lookup tables beside it."""
    (folder / "lookups").mkdir(exist_ok=True)
    for name, content in (tables or {}).items():
        (folder / "lookups" / name).write_text(content, "utf-8")
    file = folder / "m.yaml"
    file.write_text(text, "utf-8")
    return file


def problems_of(file: Path, wanted: EntityType) -> list[Problem]:
    """Return what is wrong with a file; it then loads as nothing."""
    problems: list[Problem] = []
    mapping = load_mapping(file, wanted, problems)
    assert (mapping is None) == bool(problems)
    return problems


def compiled(file: Path, wanted: EntityType) -> CompiledMapping:
    """Return the compiled mapping of a file without problems."""
    problems: list[Problem] = []
    mapping = load_mapping(file, wanted, problems)
    assert mapping is not None, [str(problem) for problem in problems]
    return compile_mapping(mapping)


def translate(mapping: CompiledMapping, *records: Mapping[str, Any]) -> Translation:
    """Translate records whose missing columns are None."""
    rows: Sequence[tuple[Any, ...]] = [
        tuple(record.get(column) for column in mapping.sources) for record in records
    ]
    return mapping.translate(mapping.sources, rows)
