"""What the command reads from the centers' stores: runs, cursors, refused rows, backlogs."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from midspan.store.load import mappings
from midspan.store.tables import COUNTS
from midspan.sync.centers import Center
from midspan.sync.drift import drifts
from midspan.sync.lag import lag_book
from midspan.sync.project import BoundSync, Project
from midspan.sync.state import APART, is_held


def sync_status(project: Project, sync: BoundSync, now: datetime | None = None) -> dict[str, Any]:
    """Return a sync's cursor, age, lag, runs from the oldest, and rows: refused, of older mappings.

    A run whose process is gone reads ``died``, whatever it wrote down itself. ``late``: the data
    is older than the stream's ``freshness``, or was never read though it has one.
    """
    state, book = sync.model.state, lag_book(sync)
    now = now or datetime.now(UTC)
    with project.store(sync.center.name).read() as connection:
        leases = {
            row.sync: row
            for row in connection.execute(
                select(state.cursor).where(
                    state.cursor.c.sync.in_([sync.name, *(f"{sync.name}.{one}" for one in APART)])
                )
            )
        }
        cursor = leases.get(sync.name)
        lag = book.read(connection) if book else None
        older = connection.execute(_older_rows(sync)).scalar_one()
        refused = connection.execute(
            select(func.count())
            .select_from(state.quarantine)
            .where(state.quarantine.c.sync == sync.name)
        ).scalar_one()
        runs = mappings(
            connection.execute(
                select(state.run)
                .where(state.run.c.sync == sync.name)
                .order_by(state.run.c.started_at)
            )
        )
    as_of = cursor.as_of if cursor else None
    held = {name for name, row in leases.items() if is_held(row.lease_owner, row.lease_until, now)}
    return {
        "sync": sync.name,
        "entity": sync.config.entity,
        "cursor": cursor.value if cursor else None,
        "as_of": as_of.isoformat() if as_of else None,
        **_age(as_of, now, sync.stream_config.freshness),
        "drift": [one.source_field for one in drifts(project, sync) if one.stops],
        "quarantined": refused,
        "mapping_version": sync.mapping.version,
        "on_mapping_change": sync.config.on_mapping_change,
        "older_rows": older,
        "lag": lag.as_dict() if lag else None,
        "runs": [_run(row, alive=_lease_of(row) in held) for row in runs],
    }


def _age(as_of: datetime | None, now: datetime, freshness: timedelta | None) -> dict[str, Any]:
    """Return how old the data is and may be, in seconds, and whether that is too old."""
    age = now - as_of if as_of else None
    late = freshness is not None and (age is None or age > freshness)
    return {
        "age_seconds": age.total_seconds() if age else None,
        "freshness_seconds": freshness.total_seconds() if freshness else None,
        "late": late,
    }


def _lease_of(run: Mapping[str, Any]) -> str:
    """Return the name of the lease that a run works under."""
    name: str = run["sync"]
    return f"{name}.{run['kind']}" if run["kind"] in APART else name


def _older_rows(sync: BoundSync) -> Select[int]:
    """Count the live rows that came by another version of the mapping than today's."""
    source = sync.model.source
    return (
        select(func.count())
        .select_from(source)
        .where(
            source.c.sync == sync.name,
            source.c.deleted_at.is_(None),
            source.c.mapping_version != sync.mapping.version,
        )
    )


def center_status(project: Project, center: Center) -> dict[str, Any]:
    """Return how many golden records a center holds and how many events wait."""
    with project.store(center.name).read() as connection:
        golden = {
            name: connection.execute(
                select(func.count())
                .select_from(model.golden)
                .where(model.golden.c.deleted_at.is_(None))
            ).scalar_one()
            for name, model in center.models.items()
        }
        outbox = next(iter(center.models.values())).state.outbox
        waiting = connection.execute(select(func.count()).select_from(outbox)).scalar_one()
    return {"center": center.name, "golden": golden, "outbox": waiting}


def _run(row: Mapping[str, Any], *, alive: bool) -> dict[str, Any]:
    finished = row["finished_at"]
    died = row["status"] == "running" and not alive
    return {
        "run_id": row["id"],
        "kind": row["kind"],
        "status": "died" if died else row["status"],
        "started_at": row["started_at"].isoformat(),
        "finished_at": finished.isoformat() if finished else None,
        **{name: row[name] for name in COUNTS},
        "events": row["events"],
        "error_code": "sync.died" if died else row["error_code"],
        "error_message": row["error_message"],
    }
