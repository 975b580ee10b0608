"""Which events an app has applied: each change once, and never an older one over a newer.

Events arrive at least once. An event counts exactly when its (epoch, sequence) is greater than
the last applied one of the same entity and id. ``once`` remembers it if the block succeeds and
forgets it if the block raises; a subscription wraps each call of its function in it. With
``SqlitePositions`` on the connection of the app's own read model, position and read model
change in one transaction, so that neither is ahead of the other after a crash:

    @client.subscribe("customer.*", positions=SqlitePositions(connection))
    def on_change(event, envelope): ...  # change the read model on the same connection
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from shared_services.contracts.events import EntityEvent

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS midspan_positions (
    entity TEXT NOT NULL,
    id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (entity, id)
) WITHOUT ROWID
"""
_ADVANCE: Final = """
INSERT INTO midspan_positions (entity, id, epoch, sequence) VALUES (?, ?, ?, ?)
ON CONFLICT (entity, id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence
WHERE (excluded.epoch, excluded.sequence)
    > (midspan_positions.epoch, midspan_positions.sequence)
"""


Key = tuple[str, int]
Position = tuple[int, int]


class Positions(Protocol):
    """Remembers the last applied event of each entity and id."""

    def advance(self, event: EntityEvent) -> bool:
        """Return whether ``event`` is newer than what was applied, and if so remember it."""
        ...

    def once(self, event: EntityEvent) -> AbstractContextManager[bool]:
        """Say whether ``event`` is newer; remember it when the block ends without an error."""
        ...


class MemoryPositions:
    """Positions that last as long as the process; safe for many threads.

    It remembers the ``limit`` records told of most recently.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._applied: OrderedDict[Key, Position] = OrderedDict()

    def advance(self, event: EntityEvent) -> bool:
        """Return whether ``event`` is newer than what was applied, and if so remember it."""
        with self._lock:
            if not self._is_newer(event):
                return False
            self._applied[event.entity, event.id] = (event.epoch, event.sequence)
            self._applied.move_to_end((event.entity, event.id))
            if len(self._applied) > self._limit:
                self._applied.popitem(last=False)
            return True

    @contextmanager
    def once(self, event: EntityEvent) -> Iterator[bool]:
        """Say whether ``event`` is newer; remember it when the block ends without an error."""
        with self._lock:
            newer = self._is_newer(event)
        yield newer
        if newer:
            self.advance(event)

    def _is_newer(self, event: EntityEvent) -> bool:
        last = self._applied.get((event.entity, event.id), (-1, -1))
        return (event.epoch, event.sequence) > last


class NoPositions:
    """Hands every delivery over: for an app that keeps positions in a way of its own."""

    def advance(self, event: EntityEvent) -> bool:
        """Take every event for a newer one."""
        del event
        return True

    @contextmanager
    def once(self, event: EntityEvent) -> Iterator[bool]:
        """Take every event for a newer one."""
        yield self.advance(event)


class SqlitePositions:
    """Positions in the app's own SQLite database, in the app's own transaction.

    Creates the table ``midspan_positions`` where it is missing. A subscription handles events in
    threads of its own, one at a time: open the connection with ``check_same_thread=False``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        connection.execute(_CREATE)

    def advance(self, event: EntityEvent) -> bool:
        """Return whether ``event`` is newer than what was applied, and if so remember it.

        Never commits: whether the position is kept is decided together with the read model.
        """
        row = (event.entity, event.id, event.epoch, event.sequence)
        return self._connection.execute(_ADVANCE, row).rowcount == 1

    @contextmanager
    def once(self, event: EntityEvent) -> Iterator[bool]:
        """Do all of the block in one transaction, with the position; say if ``event`` is newer."""
        with self._lock, self._connection:
            yield self.advance(event)
