"""The inbox: each message has its effects once, in the transaction that notes it was seen.

Guarantee: ids of messages and what their handler writes are committed together or not at all.
A message that comes again, after a crash, a lost acknowledgement or from another consumer at
the same time, changes nothing. With ``in_order``, a message whose (epoch, sequence) is not above
the last one applied of its subject is dropped too.

    inbox = Inbox(store, INBOX, "rating_center.products", apply)
    BatchConsumer(connection, publisher, subscription, inbox.receive).start()
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    MetaData,
    String,
    Table,
    delete,
    text,
)

from midspan.kernel.clock import Clock, SystemClock
from midspan.store.engine import Store
from shared_services.messaging.consumer import Message

Apply = Callable[[Connection, Sequence[Message]], None]
_Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class InboxTables:
    """``seen``: ids of messages by consumer; ``position``: the last applied one of a subject."""

    seen: Table
    position: Table


def inbox_tables(metadata: MetaData) -> InboxTables:
    """Add the tables of an inbox to a center's metadata."""
    return InboxTables(
        Table(
            "inbox",
            metadata,
            Column("consumer", String(120), primary_key=True),
            Column("message_id", String(255), primary_key=True),
            Column("received_at", DateTime(timezone=True), nullable=False),
        ),
        Table(
            "inbox_position",
            metadata,
            Column("consumer", String(120), primary_key=True),
            Column("subject", String(255), primary_key=True),
            Column("epoch", BigInteger, nullable=False),
            Column("sequence", BigInteger, nullable=False),
        ),
    )


class Inbox:
    """Hands each message once to ``apply(connection, messages)``, in order of arrival."""

    def __init__(
        self,
        store: Store,
        tables: InboxTables,
        consumer: str,
        apply: Apply,
        *,
        in_order: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._store = store
        self._tables = tables
        self._consumer = consumer
        self._apply = apply
        self._in_order = in_order
        self._clock = clock or SystemClock()
        self._insert = text(_insert_seen(store, tables.seen))

    def receive(self, messages: Sequence[Message]) -> None:
        """Apply what is new of ``messages``, in one transaction."""
        by_id: dict[str, Message] = {}
        for message in messages:
            by_id.setdefault(message.envelope.id, message)
        with self._store.write() as connection:
            new = self._note(connection, list(by_id))
            fresh = [message for identity, message in by_id.items() if identity in new]
            if self._in_order:
                fresh = self._above_position(connection, fresh)
            if fresh:
                self._apply(connection, fresh)

    def forget(self, before: datetime) -> int:
        """Forget ids received before a moment; return how many.

        A message that is still in a queue must not be forgotten: it would be applied again.
        """
        seen = self._tables.seen
        with self._store.write() as connection:
            gone = connection.execute(
                delete(seen).where(seen.c.consumer == self._consumer, seen.c.received_at < before)
            )
            return int(gone.rowcount)

    def _note(self, connection: Connection, ids: Sequence[str]) -> set[str]:
        """Note ids; return those that were not there."""
        # In one order for all, so that two consumers of the same ids wait, and never deadlock.
        wanted = msgspec.json.encode(sorted(ids)).decode()
        now = _stored(self._store, self._clock.now())
        values = {"consumer": self._consumer, "ids": wanted, "now": now}
        found = connection.execute(self._insert, values)
        if self._store.embedded:
            return set(found.scalars())
        # One row tells it all: that nothing was there is the rule, and needs no list.
        inserted, listed = found.one()
        return set(ids if inserted == len(ids) else msgspec.json.decode(listed))

    def _above_position(self, connection: Connection, messages: Sequence[Message]) -> list[Message]:
        """Return what is newer than the last one of its subject, and note the newest."""
        subjects = sorted({m.envelope.subject for m in messages if m.envelope.subject})
        if not subjects:
            return list(messages)
        last = self._positions(connection, subjects)
        fresh, moved = [], dict[str, _Position]()
        for message in messages:
            subject, position = message.envelope.subject, _position(message)
            if subject is None or position is None:
                fresh.append(message)
            elif position > last.get(subject, (-1, -1)):
                last[subject] = moved[subject] = position
                fresh.append(message)
        self._move(connection, moved.items())
        return fresh

    def _positions(self, connection: Connection, subjects: Sequence[str]) -> dict[str, _Position]:
        table = self._tables.position
        # A subject that is not there yet is locked by its insertion below.
        query = table.select().where(
            table.c.consumer == self._consumer, table.c.subject.in_(subjects)
        )
        rows = connection.execute(query.with_for_update().order_by(table.c.subject))
        return {row.subject: (row.epoch, row.sequence) for row in rows}

    def _move(self, connection: Connection, moved: Iterable[tuple[str, _Position]]) -> None:
        rows = [
            {"consumer": self._consumer, "subject": subject, "epoch": epoch, "sequence": sequence}
            for subject, (epoch, sequence) in sorted(moved)
        ]
        if rows:
            connection.execute(text(_upsert_position(self._store, self._tables.position)), rows)


def _position(message: Message) -> _Position | None:
    envelope = message.envelope
    if envelope.sequence is None:
        return None
    return envelope.epoch or 0, envelope.sequence


def _stored(store: Store, moment: datetime) -> Any:
    return moment.replace(tzinfo=None).isoformat(sep=" ") if store.embedded else moment


def _name(store: Store, table: Table) -> str:
    return table.name if store.embedded else f"{store.schema}.{table.name}"


def _insert_seen(store: Store, table: Table) -> str:
    """Return the statement that notes ids, given as JSON, and returns the new ones.

    PostgreSQL returns one row: how many were new and, where not all were, which.
    """
    ids = "json_each(:ids)"
    if not store.embedded:
        ids = "json_array_elements_text(CAST(:ids AS json)) AS given(value)"
    insert = (
        f"INSERT INTO {_name(store, table)} (consumer, message_id, received_at) "  # noqa: S608 our own names
        f"SELECT :consumer, value, :now FROM {ids} WHERE true "
        "ON CONFLICT DO NOTHING RETURNING message_id"
    )
    if store.embedded:
        return insert
    return (
        f"WITH new AS ({insert}) "  # noqa: S608 the same
        "SELECT count(*), CASE WHEN count(*) < json_array_length(CAST(:ids AS json)) "
        "THEN CAST(coalesce(json_agg(message_id), '[]') AS text) END FROM new"
    )


def _upsert_position(store: Store, table: Table) -> str:
    return (
        f"INSERT INTO {_name(store, table)} AS held (consumer, subject, epoch, sequence) "  # noqa: S608 our own names
        "VALUES (:consumer, :subject, :epoch, :sequence) "
        "ON CONFLICT (consumer, subject) DO UPDATE "
        "SET epoch = excluded.epoch, sequence = excluded.sequence"
    )
