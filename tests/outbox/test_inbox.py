"""I1, I5: a message has its effects once, in the transaction that notes it, and in order."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, select

from midspan.kernel.errors import TransientError
from midspan.store.engine import Store, open_store
from midspan.store.revision import Revision
from shared_services.messaging.consumer import Message
from shared_services.messaging.envelope import Envelope
from shared_services.outbox.inbox import Inbox, inbox_tables
from tests.outbox.stores import START

SCHEMA = "receiver"
METADATA = MetaData(schema=SCHEMA)
TABLES = inbox_tables(METADATA)
EFFECT = Table(
    "effect",
    METADATA,
    Column("position", Integer, primary_key=True),
    Column("what", String(60), nullable=False),
)


@pytest.fixture
def store(store_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Give a receiver's store, its tables made."""
    store = open_store(store_url, tmp_path_factory.mktemp("receiver"), SCHEMA)
    store.create(METADATA, Revision(SCHEMA, "1"))
    yield store
    store.close()


def message(identity: str, subject: str = "customer/1", sequence: int | None = None) -> Message:
    """Return a message."""
    envelope = Envelope(
        id=identity,
        source="/midspan/test",
        type="customer.updated.v1",
        time=START,
        subject=subject,
        epoch=1,
        sequence=sequence,
    )
    return Message(envelope, b"{}", 1)


def note(connection: Connection, messages: Sequence[Message]) -> None:
    """Have an effect for each message."""
    for each in messages:
        connection.execute(EFFECT.insert().values(what=each.envelope.id))


def effects(store: Store) -> list[str]:
    """Return the effects there are, in their order."""
    with store.read() as connection:
        return list(connection.execute(select(EFFECT.c.what).order_by(EFFECT.c.position)).scalars())


def inbox(store: Store, apply: Callable[..., None] = note, *, in_order: bool = False) -> Inbox:
    """Return the inbox of a consumer."""
    return Inbox(store, TABLES, "app", apply, in_order=in_order)


def test_a_message_that_comes_again_changes_nothing(store: Store) -> None:
    """In the same batch, in a later one, or at another receiver of the same consumer."""
    first, second = inbox(store), inbox(store)

    first.receive([message("a"), message("b"), message("a")])
    second.receive([message("b"), message("c")])

    assert effects(store) == ["a", "b", "c"]


def test_consumers_do_not_share_what_they_have_seen(store: Store) -> None:
    """Each consumer of one store has each message once."""
    inbox(store).receive([message("a")])

    Inbox(store, TABLES, "other", note).receive([message("a")])

    assert effects(store) == ["a", "a"]


def test_a_handler_that_fails_leaves_no_trace(store: Store) -> None:
    """Neither effects nor the note that the message was seen: it comes again and is applied."""

    def fail(connection: Connection, messages: Sequence[Message]) -> None:
        note(connection, messages)
        raise TransientError("store.busy", "the store is busy")

    with pytest.raises(TransientError):
        inbox(store, fail).receive([message("a")])
    assert effects(store) == []

    inbox(store).receive([message("a")])
    assert effects(store) == ["a"]


def test_what_is_older_than_applied_is_dropped(store: Store) -> None:
    """A lower or equal sequence of its subject; other subjects and unnumbered ones are not."""
    box = inbox(store, in_order=True)

    box.receive([message("a", sequence=2), message("b", sequence=1), message("c", sequence=3)])
    box.receive([message("d", sequence=3), message("e", "customer/2", 1), message("f", sequence=4)])
    box.receive([message("g"), message("h", sequence=1)])

    assert effects(store) == ["a", "c", "e", "f", "g"]


def test_two_receivers_at_once_apply_a_message_once(store: Store) -> None:
    """Whoever comes second waits for the first one's transaction, and then has nothing to do."""
    barrier = threading.Barrier(2)

    def receive(box: Inbox) -> None:
        barrier.wait()
        box.receive([message(str(number)) for number in range(50)])

    threads = [threading.Thread(target=receive, args=(inbox(store),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(effects(store), key=int) == [str(number) for number in range(50)]


def test_old_ids_can_be_forgotten(store: Store) -> None:
    """Only those received before the moment."""
    box = inbox(store)
    box.receive([message("a")])

    assert box.forget(START - timedelta(days=3650)) == 0
    assert box.forget(START + timedelta(days=3650)) == 1
