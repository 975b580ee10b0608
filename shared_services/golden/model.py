"""How an entity's golden records are kept, as data.

================  =======================================================================
``E_source``      one row a source row: its canonical values, their hash, its golden id, and
                  a hash of each match key, by which rows find each other
``E``             the golden record: id, epoch, sequence, values, and where each came from
``E_redirect``    a merged id and the id it went into
================  =======================================================================

A golden id is given once and never again; a deleted or merged record leaves its row, without
values, so that its sequence goes on if it comes back.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xxhash
from sqlalchemy import Column, Index, MetaData, Table

from midspan.store.tables import StateTables
from midspan.store.types import column
from shared_services.contracts.entities import EntityType


@dataclass(frozen=True, slots=True)
class MatchRule:
    """Rows that agree in all ``fields``, compared without case and accents, are the same.

    Rules are tried in order of strength. ``exclusive``: two rows that both have a value here
    and disagree are never the same, whatever a weaker rule says.
    """

    name: str
    fields: tuple[str, ...]
    exclusive: bool = False

    def key(self, values: Mapping[str, Any]) -> str | None:
        """Return the match key of a row, None where a field of the rule is empty."""
        return _key(values[name] for name in self.fields)

    def hasher(self, names: Sequence[str]) -> Callable[[Sequence[Any]], int | None]:
        """Return a function from a row, whose values go by ``names``, to its key's hash."""
        places = [names.index(name) for name in self.fields]

        def hashed(row: Sequence[Any]) -> int | None:
            key = _key(row[place] for place in places)
            return None if key is None else match_hash(key)

        return hashed

    @property
    def column(self) -> str:
        """Return the column of a source row that holds the hash of its match key."""
        return f"match_{self.name}"


def match_hash(key: str) -> int:
    """Return the 63 bits by which rows of the same match key are found.

    Different keys may share them: who finds a row compares the keys.
    """
    return xxhash.xxh3_64_intdigest(key.encode()) >> 1


@dataclass(frozen=True, slots=True, eq=False)
class GoldenModel:
    """An entity, its match rules and its tables; made once, and known by identity."""

    entity: EntityType
    rules: tuple[MatchRule, ...]
    state: StateTables
    golden: Table
    source: Table
    redirect: Table

    @property
    def emptied(self) -> dict[str, Any]:
        """Return what is left of a source row that is no more: no values, no match keys."""
        return {"hash": "", **dict.fromkeys((*self.entity.field_names, *self.match_columns))}

    @property
    def match_columns(self) -> tuple[str, ...]:
        """Return the columns of the match keys' hashes, strongest rule first."""
        return tuple(rule.column for rule in self.rules)


def golden_model(
    entity: EntityType, rules: tuple[MatchRule, ...], state: StateTables, metadata: MetaData
) -> GoldenModel:
    """Make the tables of one entity in a center's metadata."""
    return GoldenModel(
        entity,
        rules,
        state,
        golden=_golden(entity, rules, metadata),
        source=_source(entity, rules, metadata),
        redirect=Table(
            f"{entity.name}_redirect",
            metadata,
            column("old_id", "integer", primary_key=True, autoincrement=False),
            column("new_id", "integer", nullable=False, index=True),
            column("merged_at", "datetime", nullable=False),
        ),
    )


def _key(parts: Iterable[Any]) -> str | None:
    folded = []
    for part in parts:
        if part is None or part == "":
            return None
        folded.append(_fold(str(part)))
    return "\x1f".join(folded)


def _fold(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _values(entity: EntityType) -> list[Column[Any]]:
    return [column(field.name, field.kind, field.fields) for field in entity.fields]


def _golden(entity: EntityType, rules: tuple[MatchRule, ...], metadata: MetaData) -> Table:
    searched = dict.fromkeys(name for rule in rules for name in rule.fields)
    return Table(
        entity.name,
        metadata,
        column("id", "integer", primary_key=True, autoincrement=False),
        column("epoch", "integer", nullable=False),
        column("sequence", "integer", nullable=False),
        column("as_of", "datetime", nullable=False),
        column("deleted_at", "datetime"),
        column("provenance", "json", nullable=False),
        *_values(entity),
        *(Index(f"{entity.name}_by_{name}", name) for name in searched),
    )


def _source(entity: EntityType, rules: tuple[MatchRule, ...], metadata: MetaData) -> Table:
    name = f"{entity.name}_source"
    return Table(
        name,
        metadata,
        column("sync", "key", primary_key=True),
        column("source_key", "key", primary_key=True),
        column("golden_id", "integer", index=True),
        column("hash", "string", nullable=False),
        column("changed", "string"),
        column("mapping_version", "string", nullable=False),
        column("run_id", "string", nullable=False),
        column("applied_at", "datetime", nullable=False),
        column("deleted_at", "datetime"),
        *(column(rule.column, "integer") for rule in rules),
        *_values(entity),
        *(Index(f"{name}_by_{rule.column}", rule.column) for rule in rules),
    )
