"""Golden records in memory, and the event that each change of one tells.

Values are checked against the contracts as they are given. A change raises the record's
sequence and tells what centers tell: the names of changed fields, and the values of those that
are not personal. What changes nothing tells nothing.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from shared_services.contracts.entities import Customer, EntityType, Price, Product
from shared_services.contracts.events import EntityEvent, Verb

R = TypeVar("R", Customer, Product, Price)
Tell = Callable[[EntityEvent, Customer | Product | Price | None], None]

EPOCH = 1


class Records(Generic[R]):
    """The golden records of one entity; ids count from 1 and are never given twice.

    ``tell`` is called for each change with its event and the record, None once it is gone.
    """

    def __init__(self, entity: EntityType, tell: Tell, now: Callable[[], datetime]) -> None:
        self._entity = entity
        self._tell = tell
        self._now = now
        self._lock = threading.RLock()
        self._records: dict[int, R] = {}
        self._sequences: dict[int, int] = {}
        self._moved: dict[int, int] = {}

    def create(self, **values: Any) -> R:
        """Make a record of these fields; raises msgspec.ValidationError for what cannot be."""
        with self._lock:
            data = msgspec.convert(values, self._entity.data)
            return self._write(len(self._sequences) + 1, data, None)

    def update(self, golden_id: int, **changes: Any) -> R:
        """Change fields of a live record; KeyError when there is none."""
        with self._lock:
            before = self._records[golden_id]
            fields = {name: getattr(before, name) for name in self._entity.field_names}
            data = msgspec.convert(fields | changes, self._entity.data)
            return self._write(golden_id, data, before)

    def touch(self, golden_id: int, changed: str) -> None:
        """Tell of a change of what belongs to a live record and is no field of it."""
        with self._lock:
            sequence = self._next(golden_id)
            record = msgspec.structs.replace(self._records[golden_id], sequence=sequence)
            self._records[golden_id] = record
            event = EntityEvent(
                entity=self._entity.name,
                id=golden_id,
                epoch=EPOCH,
                sequence=sequence,
                verb="updated",
                changed=(changed,),
            )
            self._tell(event, record)

    def delete(self, golden_id: int) -> None:
        """Take a live record away; KeyError when there is none."""
        with self._lock:
            self._retire(golden_id, "deleted", None)

    def merge(self, golden_id: int, into: int) -> None:
        """Let a live record go into another one, which answers for its id from now on."""
        with self._lock:
            survivor = self._records[into]
            for old, new in self._moved.items():
                self._moved[old] = survivor.id if new == golden_id else new
            self._retire(golden_id, "merged", survivor.id)
            self._moved[golden_id] = survivor.id

    def get(self, golden_id: int) -> R | None:
        """Return the live record that answers for an id."""
        with self._lock:
            return self._records.get(self._moved.get(golden_id, golden_id))

    def all(self) -> list[R]:
        """Return the live records by ascending id."""
        with self._lock:
            return [self._records[golden_id] for golden_id in sorted(self._records)]

    def _write(self, golden_id: int, data: msgspec.Struct, before: R | None) -> R:
        values = {name: getattr(data, name) for name in self._entity.field_names}
        changed = tuple(n for n, value in values.items() if getattr(before, n, None) != value)
        if before is not None and not changed:
            return before
        sequence = self._next(golden_id)
        place = {"id": golden_id, "epoch": EPOCH, "sequence": sequence, "as_of": self._now()}
        record: R = self._entity.golden(**values, **place)  # type: ignore[assignment]  # R is its type
        self._records[golden_id] = record
        public = {field.name for field in self._entity.fields if not field.personal}
        event = EntityEvent(
            entity=self._entity.name,
            id=golden_id,
            epoch=EPOCH,
            sequence=sequence,
            verb="updated" if before is not None else "created",
            changed=changed,
            values={name: values[name] for name in changed if name in public},
        )
        self._tell(event, record)
        return record

    def _retire(self, golden_id: int, verb: Verb, into: int | None) -> None:
        del self._records[golden_id]
        event = EntityEvent(
            entity=self._entity.name,
            id=golden_id,
            epoch=EPOCH,
            sequence=self._next(golden_id),
            verb=verb,
            into=into,
        )
        self._tell(event, None)

    def _next(self, golden_id: int) -> int:
        self._sequences[golden_id] = self._sequences.get(golden_id, 0) + 1
        return self._sequences[golden_id]
