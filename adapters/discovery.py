"""Describes a stream from a bounded sample of its rows: fields, key, cursor candidates.

What the source declares wins over what the sample shows; what is concluded says so, with its
evidence. Nothing of a value is kept, shown or logged: only names, types, counts and ages.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from adapters.cursors import find_cursors
from adapters.inference import Reading, read_column
from midspan.kernel.catalog import CatalogField, CursorCandidate
from midspan.kernel.stream import Row

SAMPLE = 500
"""How many rows an adapter reads to describe a stream, where it can say so."""

_DEPTH = 3
_LONGEST_KEY = 64
_WIDEST_SEARCH = 12
_KEY_NAME = re.compile(
    r"^(id|uuid|guid|key|code|no|nr|num|number|pk|rowid)$"
    r"|(_|^)(id|no|nr|num|number|code|key|uuid|guid|pk)$"
    r"|[a-z](Id|ID|No|Nr|Number|Code|Key)$|(nummer|nr|number|code)$"
    r"|^(kunnr|lifnr|matnr|vbeln|posnr|belnr|ebeln|partner|sku|ean|isbn)$",
    re.IGNORECASE,
)
_EXACT = re.compile(r"^(id|uuid|guid|pk|_id)$", re.IGNORECASE)
_CLIENT = re.compile(
    r"^(mandt|client(_?(id|no))?|mandant|company(_?(id|code|no))?|bukrs|tenant(_?id)?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Described:
    """What a stream's declarations and its sample say of it, for a ``CatalogStream``."""

    fields: tuple[CatalogField, ...]
    primary_key: tuple[str, ...]
    key_evidence: str
    cursors: tuple[CursorCandidate, ...]


def describe(
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    declared: Sequence[CatalogField] = (),
    key: Sequence[str] = (),
    indexed: Collection[str] = (),
    now: datetime | None = None,
) -> Described:
    """Describe a stream by a sample of at most some thousand ``rows``.

    ``declared`` are the fields that the source itself describes and ``key`` is the key it
    declares; both win over the sample. ``indexed`` names indexed columns; ``now`` is the
    source's clock, aware. Members of nested records are fields under their whole name
    (``address.city``), as a mapping and a cursor name them.
    """
    values = _columns(columns, rows)
    readings = {name: read_column(column) for name, column in values.items()}
    told = {one.name: one for one in declared}
    fields = [_declared(one, readings.get(one.name)) for one in declared]
    fields += [_inferred(name, one) for name, one in readings.items() if name not in told]
    types = {one.name: one for one in fields}
    found, evidence = _key(key, values, readings, indexed)
    shaped = {name: _as_told(readings.get(name), one) for name, one in types.items()}
    cursors = find_cursors(shaped, key=found, indexed=indexed, now=now)
    return Described(tuple(fields), found, evidence, cursors)


def _columns(columns: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {
        name: [row[index] for row in rows] for index, name in enumerate(columns)
    }
    for name in columns:
        values |= _members(name, values[name], _DEPTH)
    return values


def _members(prefix: str, column: Sequence[Any], depth: int) -> dict[str, list[Any]]:
    records = [value for value in column if isinstance(value, Mapping)]
    if not records or not depth or any(isinstance(value, list | tuple) for value in column):
        return {}
    members: dict[str, list[Any]] = {}
    for name in dict.fromkeys(str(name) for record in records for name in record):
        whole = f"{prefix}.{name}"
        inner = [value.get(name) if isinstance(value, Mapping) else None for value in column]
        members[whole] = inner
        members |= _members(whole, inner, depth - 1)
    return members


def _declared(told: CatalogField, reading: Reading | None) -> CatalogField:
    if told.type != "unknown" or reading is None:
        return told
    return replace(told, type=reading.type)


def _inferred(name: str, reading: Reading) -> CatalogField:
    return CatalogField(name, reading.type, reading.nulls > 0 or not reading.rows)


def _as_told(reading: Reading | None, told: CatalogField) -> Reading:
    """Return a column's reading; where the sample shows nothing, as its source declares it."""
    if reading is None:
        return Reading(told.type)
    return replace(reading, type=told.type) if reading.type == "unknown" else reading


def _key(
    declared: Sequence[str],
    values: Mapping[str, Sequence[Any]],
    readings: Mapping[str, Reading],
    indexed: Collection[str],
) -> tuple[tuple[str, ...], str]:
    rows = len(next(iter(values.values()), ()))
    if declared:
        unique = all(name in values for name in declared) and _unique(values, declared)
        doubt = "" if unique or not rows else f", yet not unique in {rows} rows"
        return tuple(declared), f"declared by the source{doubt}"
    if not rows:
        return (), "no row to tell a key by"
    ranked = _ranked(values, readings, indexed)
    for name in ranked:
        if _KEY_NAME.search(_leaf(name)) and not _is_client(name) and _unique(values, (name,)):
            return (name,), _evidence((name,), rows, values)
    for pair in combinations(ranked[:_WIDEST_SEARCH], 2):
        if all(map(_is_named, pair)) and _unique(values, pair):
            return _client_first(pair), _evidence(pair, rows, values)
    for name in ranked:
        if _unique(values, (name,)):
            return (name,), f"{_evidence((name,), rows, values)}, though not named like a key"
    return (), f"no field and no pair of fields is unique in {rows} rows"


def _ranked(
    values: Mapping[str, Sequence[Any]],
    readings: Mapping[str, Reading],
    indexed: Collection[str],
) -> list[str]:
    fit = [name for name, one in readings.items() if not one.blanks and _fits(one, values[name])]
    place = {name: index for index, name in enumerate(readings)}

    def rank(name: str) -> tuple[Any, ...]:
        exact = bool(_EXACT.match(name))
        return not exact, not _is_named(name), name not in indexed, "." in name, place[name]

    return sorted(fit, key=rank)


def _is_whole(number: int | Decimal) -> bool:
    # Not by int(): 1E+400000000 would take all memory there is.
    return isinstance(number, int) or number == number.to_integral_value()


def _fits(reading: Reading, column: Sequence[Any]) -> bool:
    if reading.type == "decimal":
        return all(isinstance(one, int | Decimal) and _is_whole(one) for one in column)
    if reading.type not in ("integer", "string"):
        return False
    return all(len(str(value)) <= _LONGEST_KEY for value in column)


def _is_named(name: str) -> bool:
    return bool(_KEY_NAME.search(_leaf(name))) or _is_client(name)


def _is_client(name: str) -> bool:
    return bool(_CLIENT.match(_leaf(name)))


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _unique(values: Mapping[str, Sequence[Any]], names: Sequence[str]) -> bool:
    keys = list(zip(*(values[name] for name in names), strict=True))
    if any(part is None or part == "" for key in keys for part in key):
        return False
    return len({tuple(map(str, key)) for key in keys}) == len(keys)


def _client_first(pair: tuple[str, str]) -> tuple[str, ...]:
    return tuple(sorted(pair, key=lambda name: not _is_client(name)))


def _evidence(names: Sequence[str], rows: int, values: Mapping[str, Sequence[Any]]) -> str:
    told = f"unique and never null in {rows} rows" if rows > 1 else "one row only to tell it by"
    if len(names) > 1:
        told = f"together {told}; no single field is"
    clients = [name for name in values if _is_client(name) and name not in names]
    if clients:
        told += f"; add '{clients[0]}' when numbers repeat in another one"
    return told
