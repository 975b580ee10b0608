"""Which source row's value a golden record shows, field by field.

The lowest priority number wins, then the row changed last, then the smaller key, so that the
same rows always give the same record. A row without a value never wins over one that has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared_services.contracts.entities import EntityType

_UNRANKED = 100


@dataclass(frozen=True, slots=True)
class Ranking:
    """One sync's rank, and its rank for single fields."""

    priority: int = _UNRANKED
    fields: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A live source row as survivorship sees it."""

    sync: str
    source_key: str
    changed: str
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return ``sync:key``."""
        return f"{self.sync}:{self.source_key}"


EVERY = "*"
"""In a provenance: every field that has a value, and is not named beside it."""


@dataclass(frozen=True, slots=True)
class Survivors:
    """A golden record's values, and the source row that each came from, by field.

    Where all come from one row, ``provenance`` names it once, for ``EVERY`` field.
    """

    values: dict[str, Any]
    provenance: dict[str, str]


def origin_of(provenance: Mapping[str, str], values: Mapping[str, Any], name: str) -> str | None:
    """Return the source row that a golden field's value came from; None where it has none."""
    return None if values[name] is None else provenance.get(name, provenance.get(EVERY))


def survive(
    entity: EntityType, rows: Sequence[SourceRow], rankings: Mapping[str, Ranking]
) -> Survivors:
    """Build the golden values from at least one live source row."""
    # Stable sorts from the least to the most significant criterion.
    by_key = sorted(rows, key=lambda row: (row.sync, row.source_key))
    by_recency = sorted(by_key, key=lambda row: row.changed, reverse=True)
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in entity.field_names:
        winner = _winner(name, by_recency, rankings)
        values[name] = winner.values[name] if winner else None
        if winner:
            provenance[name] = winner.name
    origins = set(provenance.values())
    return Survivors(values, {EVERY: origins.pop()} if len(origins) == 1 else provenance)


def _winner(
    name: str, rows: Sequence[SourceRow], rankings: Mapping[str, Ranking]
) -> SourceRow | None:
    holders = [row for row in rows if row.values[name] is not None]
    return min(holders, key=lambda row: _rank(row.sync, name, rankings), default=None)


def _rank(sync: str, name: str, rankings: Mapping[str, Ranking]) -> int:
    ranking = rankings.get(sync) or Ranking()
    return ranking.fields.get(name, ranking.priority)
