"""What was discovered of the systems, kept until it is looked at again.

Guarantee: what is kept holds names, types, counts and evidence, never a value of a record.
One row is one stream of one system; the row without a name says when the system was listed as
a whole, with what could not be looked into. Rows are written a few at a time, so that nobody's
call into a system waits for them.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, MetaData, Table, delete, select

from midspan.kernel.catalog import Catalog, CatalogStream
from midspan.store.load import chunked, upsert
from midspan.store.types import column

_AT_ONCE = 20
_WHOLE = ""

Write: TypeAlias = Callable[[Callable[[Connection], Any]], Any]


@dataclass(frozen=True, slots=True)
class KeptStream:
    """A stream as it was found at a time."""

    stream: CatalogStream
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptCatalog:
    """What is known of a system; ``whole`` is when it was listed last, None if never."""

    streams: tuple[KeptStream, ...] = ()
    whole: datetime | None = None
    remarks: tuple[str, ...] = ()


def catalog_table(metadata: MetaData) -> Table:
    """Return the table of the catalogs."""
    return Table(
        "catalog",
        metadata,
        column("system", "string", primary_key=True),
        column("stream", "string", primary_key=True),
        column("body", "string", nullable=False),
        column("at", "datetime", nullable=False),
    )


class Catalogs:
    """Reads and writes the rows of the catalogs' table."""

    def __init__(
        self, table: Table, read: Callable[[], AbstractContextManager[Connection]], write: Write
    ) -> None:
        self._table = table
        self._read = read
        self._write = write

    def load(self, system: str) -> KeptCatalog:
        """Return what is known of a system, by stream name; what is not understood is not known."""
        table = self._table
        wanted = select(table).where(table.c.system == system).order_by(table.c.stream)
        with self._read() as connection:
            rows = connection.execute(wanted).all()
        known = KeptCatalog()
        for row in rows:
            if row.stream == _WHOLE:
                known = replace(known, whole=row.at, remarks=tuple(msgspec.json.decode(row.body)))
            elif (stream := _decoded(row.body)) is not None:
                known = replace(known, streams=(*known.streams, KeptStream(stream, row.at)))
        return known

    def keep(self, system: str, catalog: Catalog, *, whole: bool) -> None:
        """Keep what was found; ``whole`` forgets every stream of the system that was not."""
        rows = [(one.name, msgspec.json.encode(one).decode()) for one in catalog.streams]
        for some in chunked(rows, _AT_ONCE):
            self._put(system, some, catalog.at)
        if whole:
            names = [name for name, _ in rows]
            self._write(lambda connection: self._forget_others(connection, system, names))
            remarks = msgspec.json.encode(catalog.remarks).decode()
            self._put(system, [(_WHOLE, remarks)], catalog.at)

    def _put(self, system: str, rows: Sequence[tuple[str, str]], at: datetime) -> None:
        values = [{"system": system, "stream": name, "body": body, "at": at} for name, body in rows]

        def put(connection: Connection) -> None:
            statement = upsert(connection, self._table)
            new = {"body": statement.excluded.body, "at": statement.excluded.at}
            connection.execute(
                statement.on_conflict_do_update(index_elements=["system", "stream"], set_=new),
                values,
            )

        self._write(put)

    def _forget_others(self, connection: Connection, system: str, names: Sequence[str]) -> None:
        table = self._table
        known = connection.execute(select(table.c.stream).where(table.c.system == system)).scalars()
        for name in set(known) - {*names}:
            connection.execute(
                delete(table).where(table.c.system == system, table.c.stream == name)
            )


def _decoded(body: str) -> CatalogStream | None:
    try:
        return msgspec.json.decode(body, type=CatalogStream)
    except msgspec.ValidationError:
        return None  # another version's words: the stream is looked at again
