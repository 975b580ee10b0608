"""Which revision a set of tables is: written beside them when they are made.

A worker that finds another revision than the one it knows does not touch the tables.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, inspect, select

from midspan.store.load import upsert
from midspan.store.types import column


@dataclass(frozen=True, slots=True)
class Revision:
    """The revision of the tables that go by ``name`` in a schema."""

    name: str
    value: str


def written_revision(connection: Connection, schema: str, known: Revision) -> str:
    """Return the revision that is written down; where none is, write ``known``."""
    table = _table(schema)
    table.create(connection, checkfirst=True)
    found = connection.execute(select(table.c.value).where(table.c.name == known.name)).scalar()
    if found is None:
        write_revision(connection, schema, known)
        return known.value
    return str(found)


def read_revision(connection: Connection, schema: str, name: str) -> str | None:
    """Return the revision that is written down, None where none is; nothing is written."""
    table = _table(schema)
    where = None if connection.dialect.name == "sqlite" else schema
    if not inspect(connection).has_table(table.name, schema=where):
        return None
    found = connection.execute(select(table.c.value).where(table.c.name == name)).scalar()
    return None if found is None else str(found)


def write_revision(connection: Connection, schema: str, revision: Revision) -> None:
    """Write a revision down."""
    statement = upsert(connection, _table(schema)).values(name=revision.name, value=revision.value)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": statement.excluded.value}
        )
    )


def _table(schema: str) -> Table:
    return Table(
        "revision",
        MetaData(schema=schema),
        column("name", "string", primary_key=True),
        column("value", "string", nullable=False),
    )
