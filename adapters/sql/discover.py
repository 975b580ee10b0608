"""Looks into a database: which tables, views and configured queries there are to read.

Guarantee: nothing is read but descriptions, statistics and at most ``SAMPLE`` rows of each: the
first and the last by the primary key, or those that come first where there is none. Columns of
bytes are left out of the sample. A table that cannot be looked into is a remark.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Inspector
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.sql.selectable import Select

from adapters.base import AdapterContext, BoundStream
from adapters.discovery import SAMPLE, Described, describe
from adapters.sql.reader import StreamReader
from adapters.sql.sessions import Sessions, asked
from adapters.sql.source import Source
from adapters.sql.spec import SqlSpec, SqlStreamSpec
from adapters.sql.tables import declared_field, inspected, leading
from adapters.sql.values import split_rejects
from midspan.kernel.catalog import Catalog, CatalogField, CatalogStream
from midspan.kernel.errors import AccessDenied, DriftError, ProtocolError
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Row

_COUNTED = 100_000
_FINDINGS = (AccessDenied, DriftError, ProtocolError)
_SHOWN_IN_TEXTS = ("date", "datetime", "time", "boolean")


@dataclass(frozen=True, slots=True)
class _Schema:
    """The descriptions of a schema's tables, by their names; it has none if it is the user's."""

    name: str | None
    dialect: sa.Dialect
    columns: Mapping[str, Any]
    keys: Mapping[str, Any]
    foreign: Mapping[str, Any]
    indexes: Mapping[str, Any]
    uniques: Mapping[str, Any]
    comments: Mapping[str, Any]
    views: frozenset[str]
    counts: Mapping[str, int] = field(default_factory=dict)


class Discovery:
    """Describes what a connection's user can see; ``now`` is the database's clock."""

    def __init__(
        self,
        context: AdapterContext,
        sources: Mapping[str, Source],
        sessions: Sessions,
        now: datetime | None,
    ) -> None:
        self._context, self._sources = context, sources
        self._spec: SqlSpec = context.options
        self._sessions, self._now = sessions, now
        self._look = partial(inspected, sessions, context.gate, context.lane)
        self._remarks: list[str] = []

    def run(self, streams: Sequence[str] | None) -> Catalog:
        """Return the catalog of all, or of the tables and streams that are named."""
        wanted = None if streams is None else set(streams)
        found = list(self._tables(wanted))
        found += self._queries(wanted)
        if wanted is not None:
            known = {one.name for one in found} | {name for one in found for name in one.configured}
            missing = [name for name in streams or () if name not in known]
            self._remarks += [f"there is no table or view '{name}' to be seen" for name in missing]
        return Catalog(tuple(found), datetime.now(UTC), tuple(self._remarks))

    def _tables(self, wanted: set[str] | None) -> Iterator[CatalogStream]:
        readers = self._configured()
        for schema in self._schemas():
            for name in sorted(schema.columns):
                whole = f"{schema.name}.{name}" if schema.name else name
                configured = readers.get(whole, ())
                if wanted is None or whole in wanted or wanted & {*configured}:
                    yield self._table(schema, name, whole, tuple(configured))

    def _schemas(self) -> Iterator[_Schema]:
        driver = self._sessions.driver
        named = [self._spec.schema] if self._spec.schema else self._look(driver.schemas)
        asked = [one for one in self._configured_schemas() if one not in named]
        for name in dict.fromkeys([*named, *asked]):
            yield self._described(name)

    def _described(self, name: str | None) -> _Schema:
        """Return a schema's descriptions: one call for each kind of them."""

        def every(method: str) -> dict[str, Any]:
            def look(inspector: Inspector) -> dict[str, Any]:
                found = getattr(inspector, method)(schema=name, kind=ObjectKind.ANY)
                return {table: one for (_, table), one in found.items()}

            told: dict[str, Any] = self._look(look)
            return told

        return _Schema(
            name,
            self._look(lambda inspector: inspector.dialect),
            every("get_multi_columns"),
            every("get_multi_pk_constraint"),
            every("get_multi_foreign_keys"),
            every("get_multi_indexes"),
            every("get_multi_unique_constraints"),
            every("get_multi_table_comment"),
            frozenset(self._look(lambda inspector: _views(inspector, name))),
            self._counts(name),
        )

    def _counts(self, schema: str | None) -> dict[str, int]:
        statement = self._sessions.driver.row_counts(schema)
        if statement is None:
            return {}

        def operation(timeouts: Timeouts) -> list[Row]:
            return asked(self._sessions, timeouts, statement, "", "the statistics").rows

        rows = self._context.gate.call(self._context.lane, operation)
        return {str(name): int(count) for name, count in rows}

    def _table(
        self, schema: _Schema, name: str, whole: str, configured: tuple[str, ...]
    ) -> CatalogStream:
        refers = _references(schema, name)
        columns = schema.columns[name]
        fields = [
            declared_field(one, schema.dialect, refers.get(one["name"], "")) for one in columns
        ]
        key = tuple((schema.keys.get(name) or {}).get("constrained_columns") or ())
        constraints = [{"column_names": key}, *(schema.uniques.get(name) or ())]
        indexed = leading(schema.indexes.get(name) or (), constraints)
        options = SqlStreamSpec(table=name, schema=schema.name)
        source = self._source(whole, options, key, fields)
        described, rows, is_all = self._sampled(source, fields, key, indexed)
        is_view = name in schema.views
        return CatalogStream(
            whole,
            "view" if is_view else "table",
            described.fields,
            described.primary_key,
            described.key_evidence,
            described.cursors,
            rows if is_all else self._estimate(source, schema.counts.get(name), is_view=is_view),
            (schema.comments.get(name) or {}).get("text") or "",
            self._config(schema, name),
            configured,
        )

    def _config(self, schema: _Schema, name: str) -> dict[str, Any]:
        if "." in name:
            return {"table": name, "schema": schema.name}
        named = schema.name is not None and schema.name != self._spec.schema
        return {"table": f"{schema.name}.{name}" if named else name}

    def _sampled(
        self,
        source: Source,
        fields: Sequence[CatalogField],
        key: tuple[str, ...],
        indexed: set[str],
    ) -> tuple[Described, int, bool]:
        """Return the description by a sample, its size, and whether it is all there is."""
        rows: list[Row] = []
        is_all = False
        try:
            rows, is_all = self._sample(source, key)
        except _FINDINGS as error:
            self._remarks.append(f"{source.bare.target} could not be looked into: {error.message}")
        hints = {one.name for one in fields if self._is_hint(one)}
        declared = [replace(one, type="unknown") if one.name in hints else one for one in fields]
        described = describe(
            source.columns, rows, declared=declared, key=key, indexed=indexed, now=self._now
        )
        shown = tuple(_told(one, is_hint=one.name in hints) for one in described.fields)
        return replace(described, fields=shown), len(rows), is_all

    def _is_hint(self, field: CatalogField) -> bool:
        """Return whether a declaration says little: texts hold what there is no type for."""
        return field.type == "string" and self._sessions.driver.times_are_texts

    def _sample(self, source: Source, key: tuple[str, ...]) -> tuple[list[Row], bool]:
        ways = [sa.asc, sa.desc] if key else [None]
        each = SAMPLE // len(ways)
        first = self._few(source, source.statements.sample(each, ways[0]))
        if len(first) < each or len(ways) == 1:
            return first, len(first) < each
        last = self._few(source, source.statements.sample(each, ways[1]))
        last.reverse()
        seen = {source.key_of(row) for row in first}
        return first + [row for row in last if source.key_of(row) not in seen], False

    def _few(self, source: Source, statement: Select[Any]) -> list[Row]:
        walk = StreamReader(source).whole(statement, ())
        rows: list[Row] = self._context.gate.call(self._context.lane, walk.fetch)
        return split_rejects(rows, source.columns, ())[0] if walk.marks else rows

    def _estimate(self, source: Source, counted: int | None, *, is_view: bool) -> int | None:
        """Return the statistics' number; else count, but not far and not in a view."""
        if counted is not None or is_view:
            return counted
        try:
            count = int(source.ask(source.bare.count_to(_COUNTED + 1)).rows[0][0])
        except _FINDINGS:
            return None
        return count if count <= _COUNTED else None

    def _queries(self, wanted: set[str] | None) -> Iterator[CatalogStream]:
        for name, source in self._sources.items():
            options: SqlStreamSpec = source.stream.options
            if options.query is not None and (wanted is None or name in wanted):
                yield self._query(name, source, options)

    def _query(self, name: str, source: Source, options: SqlStreamSpec) -> CatalogStream:
        whole = self._source(name, options, (), ())
        try:
            described, rows, is_all = self._sampled(whole, (), (), set())
        except _FINDINGS as error:
            self._remarks.append(f"'{name}' could not be looked into: {error.message}")
            described, rows, is_all = Described((), (), "", ()), 0, False
        config: dict[str, Any] = {"query": options.query}
        if options.params:
            config["params"] = dict(options.params)
        return CatalogStream(
            name,
            "query",
            described.fields,
            described.primary_key,
            described.key_evidence,
            described.cursors,
            rows if is_all else None,
            config=config,
            configured=(source.stream.name,),
        )

    def _source(
        self,
        name: str,
        options: SqlStreamSpec,
        key: tuple[str, ...],
        fields: Sequence[CatalogField],
    ) -> Source:
        columns = tuple(one.name for one in fields if one.type != "bytes" or one.name in key)
        return Source(self._context, self._sessions, BoundStream(name, key, None, options, columns))

    def _configured(self) -> dict[str, list[str]]:
        """Return which streams read a table, by its whole name."""
        readers: dict[str, list[str]] = {}
        for name, source in self._sources.items():
            if source.stream.options.table is not None:
                readers.setdefault(source.bare.target, []).append(name)
        return readers

    def _configured_schemas(self) -> list[str]:
        targets = [target.rpartition(".")[0] for target in self._configured()]
        return [schema for schema in dict.fromkeys(targets) if schema]


def _told(field: CatalogField, *, is_hint: bool) -> CatalogField:
    """Return a field whose declaration was a hint as what its sample shows, else as a text."""
    shown = not is_hint or field.type in _SHOWN_IN_TEXTS
    return field if shown else replace(field, type="string")


def _views(inspector: Inspector, schema: str | None) -> list[str]:
    names = inspector.get_view_names(schema)
    try:
        return [*names, *inspector.get_materialized_view_names(schema)]
    except NotImplementedError:
        return names


def _references(schema: _Schema, name: str) -> dict[str, str]:
    """Return the table that each column of a foreign key refers to."""
    refers: dict[str, str] = {}
    for one in schema.foreign.get(name) or ():
        other = one["referred_schema"]
        whole = f"{other}.{one['referred_table']}" if other else one["referred_table"]
        refers |= dict.fromkeys(one["constrained_columns"], whole)
    return refers
