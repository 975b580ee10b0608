"""How an entity's golden records are kept, as data.

================  =======================================================================
``E_source``      one row a source row: its canonical values, their hash, its golden id
``E_match``       one row a match key of a live source row: how rows find each other
``E``             the golden record: id, epoch, sequence, values, and where each came from
``E_redirect``    a merged id and the id it went into
================  =======================================================================

A golden id is given once and never again; a deleted or merged record leaves its row, without
values, so that its sequence goes on if it comes back.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
        parts = [values[name] for name in self.fields]
        if any(part is None or part == "" for part in parts):
            return None
        return "\x1f".join(_fold(str(part)) for part in parts)


@dataclass(frozen=True, slots=True)
class GoldenModel:
    """An entity, its match rules and its tables."""

    entity: EntityType
    rules: tuple[MatchRule, ...]
    state: StateTables
    golden: Table
    source: Table
    match: Table
    redirect: Table


def golden_model(
    entity: EntityType, rules: tuple[MatchRule, ...], state: StateTables, metadata: MetaData
) -> GoldenModel:
    """Make the tables of one entity in a center's metadata."""
    return GoldenModel(
        entity,
        rules,
        state,
        golden=_golden(entity, rules, metadata),
        source=_source(entity, metadata),
        match=_match(entity, metadata),
        redirect=Table(
            f"{entity.name}_redirect",
            metadata,
            column("old_id", "integer", primary_key=True, autoincrement=False),
            column("new_id", "integer", nullable=False, index=True),
            column("merged_at", "datetime", nullable=False),
        ),
    )


def _fold(text: str) -> str:
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


def _source(entity: EntityType, metadata: MetaData) -> Table:
    return Table(
        f"{entity.name}_source",
        metadata,
        column("sync", "string", primary_key=True),
        column("source_key", "string", primary_key=True),
        column("golden_id", "integer", index=True),
        column("hash", "string", nullable=False),
        column("changed", "string"),
        column("mapping_version", "string", nullable=False),
        column("run_id", "string", nullable=False),
        column("applied_at", "datetime", nullable=False),
        column("deleted_at", "datetime"),
        *_values(entity),
    )


def _match(entity: EntityType, metadata: MetaData) -> Table:
    return Table(
        f"{entity.name}_match",
        metadata,
        column("rule", "string", primary_key=True),
        column("value", "string", primary_key=True),
        column("sync", "string", primary_key=True),
        column("source_key", "string", primary_key=True),
        Index(f"{entity.name}_match_by_source", "sync", "source_key"),
    )
