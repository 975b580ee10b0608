"""The relay: nothing is published that was not committed, nothing committed stays unpublished.

It selects rows that are still there (never "those after the last one": rows do not commit in
the order of their positions), publishes them, and deletes exactly those that the broker
confirmed. A row whose confirm did not come is published again under the same id.

Order per key: a pass takes only the oldest row of each key, so that no more than one message
of a key is unconfirmed; what comes later waits for the next pass. A relay that was stopped
and continued, or a second one, can only repeat a message, which receivers know by its id.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, TextClause, func, or_, select, text

from midspan.kernel.errors import MidspanError, Recovery
from midspan.store.engine import Store
from shared_services.messaging.envelope import Envelope
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.topology import Topology

log = logging.getLogger(__name__)

BLOCK = 5_000
_IDLE_SECONDS = 0.2
_Row = tuple[Any, ...]
# The key of a row comes first.
_COLUMNS = (
    "aggregatetype",
    "aggregateid",
    "id",
    "type",
    "payload",
    "epoch",
    "sequence",
    "created_at",
    "tracingspancontext",
)
_ID = _COLUMNS.index("id")
_PAUSE_SECONDS = 2.0
_HOLD_SECONDS = 60.0


Told = Callable[[int, MidspanError | None], object]


def _tell_nobody(_confirmed: int, _error: MidspanError | None) -> None:
    """Hear of a pass."""


class Relay:
    """Publishes one center's outbox."""

    def __init__(
        self, store: Store, outbox: Table, publisher: Publisher, topology: Topology, source: str
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._publisher = publisher
        self._exchange = topology.events.name
        self._source = source
        self._delete_ids = _delete_statement(store, outbox)
        self._held: dict[tuple[str, ...], float] = {}

    def run(self, stop: threading.Event, told: Told = _tell_nobody) -> None:
        """Publish until ``stop`` is set; trouble with broker or store is waited out.

        ``told`` hears after each pass how many were confirmed, or what went wrong.

        A message that can never be taken stays in the outbox, holds back its own key alone,
        and is tried and named on the log again every minute.
        """
        while not stop.is_set():
            try:
                more = self.run_once()
            except MidspanError as error:
                log.warning("relay of %s waits: %s", self._source, error)
                told(0, error)
                stop.wait(_PAUSE_SECONDS)
                continue
            told(more, None)
            if not more:
                stop.wait(_IDLE_SECONDS)

    def run_once(self) -> int:
        """Publish one pass; return how many messages were confirmed and deleted.

        Raises the first message's MidspanError when the broker did not take all of them.
        """
        rows = self._oldest_per_key()
        if not rows:
            return 0
        result = self._publisher.publish([self._outgoing(row) for row in rows])
        confirmed = [rows[index][_ID] for index in result.confirmed]
        self._delete(confirmed)
        for index, error in result.errors.items():
            if error.recovery is Recovery.QUARANTINE:
                self._held[rows[index][:2]] = time.monotonic() + _HOLD_SECONDS
        result.require()
        return len(confirmed)

    def backlog(self) -> int:
        """Return how many events wait to be published."""
        with self._store.read() as connection:
            count = connection.execute(select(func.count()).select_from(self._outbox))
            return int(count.scalar_one())

    def oldest(self) -> datetime | None:
        """Return when the oldest event that waits was committed; None when none waits."""
        with self._store.read() as connection:
            moment: datetime | None = connection.execute(
                select(func.min(self._outbox.c.created_at))
            ).scalar_one()
            return moment

    def _oldest_per_key(self) -> list[_Row]:
        outbox = self._outbox
        with self._store.read() as connection:
            found = connection.execute(
                select(*(outbox.c[name] for name in _COLUMNS))
                .where(*self._not_held())
                .order_by(outbox.c.position)
                .limit(BLOCK)
            )
            rows = [tuple(row) for row in found]
        firsts: dict[tuple[str, ...], _Row] = {}
        for row in rows:
            firsts.setdefault(row[:2], row)
        return list(firsts.values())

    def _not_held(self) -> list[ColumnElement[bool]]:
        """Leave out keys whose oldest message was refused: all their rows must not fill a block."""
        now, outbox = time.monotonic(), self._outbox
        self._held = {key: until for key, until in self._held.items() if until > now}
        return [
            or_(outbox.c.aggregatetype != kind, outbox.c.aggregateid != identity)
            for kind, identity in self._held
        ]

    def _outgoing(self, row: _Row) -> Outgoing:
        # Unpacked at once: to ask a row for each by name costs as much as all the rest.
        kind, key, identity, type_, payload, epoch, sequence, created_at, trace = row
        envelope = Envelope(
            id=identity,
            source=self._source,
            type=type_,
            time=created_at,
            subject=f"{kind}/{key}" if key else kind,
            epoch=epoch,
            sequence=sequence,
            traceparent=trace,
        )
        return Outgoing(self._exchange, type_, envelope, payload.encode())

    def _delete(self, ids: Sequence[str]) -> None:
        # By id: a store may give a position anew once its row is gone, and a relay that slept
        # meanwhile would delete an event that nobody has published.
        if not ids:
            return
        wanted = json.dumps(ids) if self._store.embedded else list(ids)
        with self._store.write() as connection:
            connection.execute(self._delete_ids, {"ids": wanted})


def _delete_statement(store: Store, outbox: Table) -> TextClause:
    if store.embedded:
        among = f"DELETE FROM {outbox.name} WHERE id IN (SELECT value FROM json_each(:ids))"  # noqa: S608 our own name
    else:
        among = f"DELETE FROM {store.schema}.{outbox.name} WHERE id = ANY(:ids)"  # noqa: S608 the same
    return text(among)
