"""Which events an app has applied: each change once, and never an older one over a newer.

Events arrive at least once. ``advance`` accepts an event exactly when its (epoch, sequence)
is greater than the last accepted one of the same entity and id, and remembers it. With
``SqlitePositions`` on the connection of the app's own read model, position and read model
change in one transaction, so that neither is ahead of the other after a crash:

    with connection:
        if positions.advance(event):
            ...  # change the read model on the same connection
"""

import sqlite3
import threading
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


class Positions(Protocol):
    """Remembers the last applied event of each entity and id."""

    def advance(self, event: EntityEvent) -> bool:
        """Return whether ``event`` is newer than what was applied, and if so remember it."""
        ...


class MemoryPositions:
    """Positions of an app whose read model lives in memory too; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._applied: dict[tuple[str, int], tuple[int, int]] = {}

    def advance(self, event: EntityEvent) -> bool:
        """Return whether ``event`` is newer than what was applied, and if so remember it."""
        key, position = (event.entity, event.id), (event.epoch, event.sequence)
        with self._lock:
            if position <= self._applied.get(key, (-1, -1)):
                return False
            self._applied[key] = position
        return True


class SqlitePositions:
    """Positions in the app's own SQLite database, in the app's own transaction.

    Creates the table ``midspan_positions`` where it is missing. Never commits: whether the
    position is kept is decided together with the read model.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_CREATE)

    def advance(self, event: EntityEvent) -> bool:
        """Return whether ``event`` is newer than what was applied, and if so remember it."""
        row = (event.entity, event.id, event.epoch, event.sequence)
        return self._connection.execute(_ADVANCE, row).rowcount == 1
