"""What the command reads from the centers' stores: runs, cursors, refused rows, backlogs."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from midspan.store.load import mappings
from midspan.store.tables import COUNTS
from midspan.sync.centers import Center
from midspan.sync.lag import lag_book
from midspan.sync.project import BoundSync, Project


def sync_status(project: Project, sync: BoundSync) -> dict[str, Any]:
    """Return a sync's cursor, lag, runs from the oldest, and rows: refused, of an older mapping."""
    state, book = sync.model.state, lag_book(sync)
    with project.store(sync.center.name).read() as connection:
        cursor = connection.execute(
            select(state.cursor.c.value, state.cursor.c.as_of).where(
                state.cursor.c.sync == sync.name
            )
        ).first()
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
    return {
        "sync": sync.name,
        "entity": sync.config.entity,
        "cursor": cursor.value if cursor else None,
        "as_of": cursor.as_of.isoformat() if cursor and cursor.as_of else None,
        "quarantined": refused,
        "mapping_version": sync.mapping.version,
        "on_mapping_change": sync.config.on_mapping_change,
        "older_rows": older,
        "lag": lag.as_dict() if lag else None,
        "runs": [_run(row) for row in runs],
    }


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


def _run(row: Mapping[str, Any]) -> dict[str, Any]:
    finished = row["finished_at"]
    return {
        "run_id": row["id"],
        "kind": row["kind"],
        "status": row["status"],
        "started_at": row["started_at"].isoformat(),
        "finished_at": finished.isoformat() if finished else None,
        **{name: row[name] for name in COUNTS},
        "events": row["events"],
        "error_code": row["error_code"],
        "error_message": row["error_message"],
    }
