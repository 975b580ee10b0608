"""Table factories: state lives beside the data it describes, in each center's own schema.

=================  ==========================================================================
``sync_cursor``    one row a sync: how far it has read for good, and who works on it now
``sync_lag``       one row a sync: how late its rows became visible
``sync_backfill``  one row a range that was ever read again, apart from the cursor
``sync_run``       one row a run: the ledger
``sync_gap``       one row an id that is missing below the greatest one read
``sync_drift``     one row a change of shape that a sync met, until it is gone
``quarantine``     one row a refused source row, with its original bytes, until it is mended
``outbox``         one row an unpublished event; columns follow Debezium's event router
``counter``        the last golden id given out
=================  ==========================================================================
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from midspan.store.types import column

COUNTS = (
    "read",
    "inserted",
    "updated",
    "unchanged",
    "filtered",
    "quarantined",
    "duplicate",
    "stale",
    "future",
    "listed",
    "present",
    "missing",
)
"""The ledger's counts. ``read`` equals the sum of inserted, updated, unchanged, filtered,
quarantined, duplicate and stale; ``future`` is part of read; ``listed`` equals present and
missing."""

_BALANCE = (
    "status <> 'succeeded' OR (read = inserted + updated + unchanged + filtered + quarantined"
    " + duplicate + stale AND future <= read AND listed = present + missing)"
)


@dataclass(frozen=True, slots=True)
class StateTables:
    """A center's state tables."""

    cursor: Table
    lag: Table
    backfill: Table
    run: Table
    gap: Table
    drift: Table
    quarantine: Table
    outbox: Table
    counter: Table


def state_tables(metadata: MetaData) -> StateTables:
    """Make the state tables of one center."""
    return StateTables(
        cursor=_cursor(metadata),
        lag=_lag(metadata),
        backfill=_backfill(metadata),
        run=_run(metadata),
        gap=_gap(metadata),
        drift=_drift(metadata),
        quarantine=_quarantine(metadata),
        outbox=_outbox(metadata),
        counter=Table(
            "counter",
            metadata,
            column("name", "string", primary_key=True),
            column("value", "integer", nullable=False),
        ),
    )


def rowid(name: str) -> Column[int]:
    """Return a primary key that the database numbers by itself."""
    # SQLite numbers rows by itself only in a column whose type is exactly INTEGER.
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _cursor(metadata: MetaData) -> Table:
    return Table(
        "sync_cursor",
        metadata,
        column("sync", "string", primary_key=True),
        column("version", "integer", nullable=False),
        column("value", "string"),
        column("parts", "json", nullable=False),
        column("loaded", "boolean", nullable=False),
        column("as_of", "datetime"),
        column("mapping_version", "string"),
        column("lease_owner", "string"),
        column("lease_until", "datetime"),
    )


def _lag(metadata: MetaData) -> Table:
    return Table(
        "sync_lag",
        metadata,
        column("sync", "string", primary_key=True),
        column("lower", "string"),
        column("mapping_version", "string", nullable=False),
        column("unit", "string", nullable=False),
        *(
            column(name, "integer", nullable=False)
            for name in ("covered", "late", "beyond", "greatest")
        ),
    )


def _backfill(metadata: MetaData) -> Table:
    return Table(
        "sync_backfill",
        metadata,
        column("sync", "string", primary_key=True),
        column("lower", "string", primary_key=True),
        column("upper", "string", primary_key=True),
        column("began_at", "datetime", nullable=False),
        column("finished_at", "datetime"),
        column("run_id", "string", nullable=False),
    )


def _run(metadata: MetaData) -> Table:
    return Table(
        "sync_run",
        metadata,
        column("id", "string", primary_key=True),
        column("sync", "string", nullable=False),
        column("kind", "string", nullable=False),
        column("status", "string", nullable=False),
        column("started_at", "datetime", nullable=False),
        column("finished_at", "datetime"),
        column("cursor_from", "string"),
        column("cursor_to", "string"),
        column("mapping_version", "string", nullable=False),
        column("config_digest", "string", nullable=False),
        column("whole", "boolean"),
        column("shape", "json"),
        *(column(name, "integer", nullable=False, server_default="0") for name in COUNTS),
        column("events", "integer", nullable=False, server_default="0"),
        column("error_code", "string"),
        column("error_message", "string"),
        CheckConstraint(_BALANCE, name="ledger_balances"),
        Index("sync_run_by_sync", "sync", "started_at"),
    )


def _gap(metadata: MetaData) -> Table:
    return Table(
        "sync_gap",
        metadata,
        column("sync", "string", primary_key=True),
        column("id", "integer", primary_key=True, autoincrement=False),
        column("since", "datetime", nullable=False),
    )


def _drift(metadata: MetaData) -> Table:
    return Table(
        "sync_drift",
        metadata,
        column("sync", "string", primary_key=True),
        column("source_field", "string", primary_key=True),
        column("kind", "string", nullable=False),
        column("code", "string", nullable=False),
        column("message", "string", nullable=False),
        column("first_seen", "datetime", nullable=False),
        column("last_seen", "datetime", nullable=False),
    )


def _quarantine(metadata: MetaData) -> Table:
    return Table(
        "quarantine",
        metadata,
        rowid("id"),
        column("sync", "string", nullable=False),
        column("identity", "string", nullable=False),
        column("source_key", "string"),
        column("code", "string", nullable=False),
        column("field", "string"),
        column("message", "string", nullable=False),
        column("place", "string", nullable=False),
        column("raw", "bytes", nullable=False),
        column("record", "bytes"),
        column("mapping_version", "string", nullable=False),
        column("run_id", "string", nullable=False),
        column("first_seen", "datetime", nullable=False),
        column("last_seen", "datetime", nullable=False),
        UniqueConstraint("sync", "identity", name="quarantine_once"),
    )


def _outbox(metadata: MetaData) -> Table:
    return Table(
        "outbox",
        metadata,
        rowid("position"),
        column("id", "string", nullable=False, unique=True),
        column("aggregatetype", "string", nullable=False),
        column("aggregateid", "string", nullable=False),
        column("type", "string", nullable=False),
        column("payload", "string", nullable=False),
        column("epoch", "integer", nullable=False),
        column("sequence", "integer", nullable=False),
        column("created_at", "datetime", nullable=False),
        column("run_id", "string", nullable=False),
        column("tracingspancontext", "string"),
    )
