"""Writes events into the outbox, in the transaction that changed what they tell of.

An event's id is derived from what it says (entity, id, epoch, sequence, verb): a run that is
killed and repeated writes the same ids, and a receiver that sees one twice knows it. With it
goes the trace of what caused it.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Connection, Table

from midspan.store.load import bulk_insert
from shared_services.contracts.events import EntityEvent, SnapshotReady, routing_key
from shared_services.messaging.context import child_of, current_work, trace_of_run

_NAMESPACE = UUID("6f1f5a0e-5f0c-4a53-9d3b-6d6964737061")
_COLUMNS = (
    "id",
    "aggregatetype",
    "aggregateid",
    "type",
    "payload",
    "epoch",
    "sequence",
    "created_at",
    "run_id",
    "tracingspancontext",
)


def append_events(
    connection: Connection,
    outbox: Table,
    events: Iterable[EntityEvent],
    *,
    now: datetime,
    run_id: str,
) -> int:
    """Append one row per event; return how many."""
    trace = _trace(run_id)
    rows = [
        (
            str(
                uuid5(
                    _NAMESPACE,
                    f"{event.entity}/{event.id}/{event.epoch}/{event.sequence}/{event.verb}",
                )
            ),
            event.entity,
            str(event.id),
            routing_key(event.entity, event.verb),
            msgspec.json.encode(event).decode(),
            event.epoch,
            event.sequence,
            now,
            run_id,
            trace,
        )
        for event in events
    ]
    bulk_insert(connection, outbox, _COLUMNS, rows)
    return len(rows)


def append_snapshot(
    connection: Connection,
    outbox: Table,
    ready: SnapshotReady,
    *,
    epoch: int,
    now: datetime,
    run_id: str,
) -> None:
    """Append the one event that stands for a whole first load."""
    row = (
        str(uuid5(_NAMESPACE, f"{ready.entity}/snapshot/{epoch}/{run_id}")),
        ready.entity,
        "",
        routing_key(ready.entity, "snapshot_ready"),
        msgspec.json.encode(ready).decode(),
        epoch,
        0,
        now,
        run_id,
        _trace(run_id),
    )
    bulk_insert(connection, outbox, _COLUMNS, [row])


def _trace(run_id: str) -> str:
    """Return the trace an event goes on in: of the call that caused it, or else of its run."""
    return child_of(current_work().traceparent or trace_of_run(run_id))
