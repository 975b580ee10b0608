"""What an app is told, the same in memory and by real centers over a real broker."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import RecordError
from shared_services.client import EntityEvent, Envelope, Event, SnapshotReady, SqlitePositions
from shared_services.client.client import Client
from shared_services.messaging.context import current_work, trace_id
from tests.client.worlds import World
from tests.fixtures_broker import eventually

DELAYS = (0.05,)


def following(
    world: World, *patterns: str, handle: Callable[[Event, Envelope], object], **options: Any
) -> Client:
    """Return a client that has begun to receive events."""
    client = world.client("shop")
    client.subscribe(*patterns, retry_delays=DELAYS, **options)(handle)
    client.open()
    client.start()
    return client


class Seen:
    """Keeps the events that an app's function was called with."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.envelopes: list[Envelope] = []

    def __call__(self, event: Event, envelope: Envelope) -> None:
        """Remember an event."""
        self.events.append(event)
        self.envelopes.append(envelope)

    def verbs(self) -> list[str]:
        """Return what happened, in order."""
        return [getattr(event, "verb", "snapshot_ready") for event in self.events]


def updated(sequence: int, golden_id: int = 1) -> EntityEvent:
    """Return an event of one customer."""
    return EntityEvent(entity="customer", id=golden_id, epoch=1, sequence=sequence, verb="updated")


def test_each_change_is_told_in_order_and_without_personal_values(world: World) -> None:
    """Names of changed fields, values of those that are not personal, the id a merge went to."""
    seen = Seen()
    client = following(world, "customer.*", handle=seen)
    ann = world.customers.create(kind="person", name="Ann", email="a@example.com", country="AT")
    bob = world.customers.create(kind="person", name="Bob")
    world.customers.update(ann.id, name="Anna", country="CH")
    world.customers.update(ann.id, name="Anna")
    world.customers.merge(ann.id, into=bob.id)
    world.customers.delete(bob.id)
    world.tell(SnapshotReady(entity="customer", count=0))

    assert eventually(lambda: len(seen.events) == 6)
    client.close()
    mine = [one for one in seen.events if isinstance(one, EntityEvent) and one.id == ann.id]
    assert [(one.verb, one.sequence, one.into) for one in mine] == [
        ("created", 1, None),
        ("updated", 2, None),
        ("merged", 3, bob.id),
    ]
    assert set(mine[0].changed) == {"kind", "name", "email", "country", "active"}
    assert mine[0].values == {"kind": "person", "country": "AT", "active": True}
    assert (mine[1].changed, mine[1].values) == (("name", "country"), {"country": "CH"})
    assert {one.subject for one in seen.envelopes} == {"customer/1", "customer/2", "customer"}


def test_only_what_was_subscribed_to_comes_and_each_subscription_has_its_own(world: World) -> None:
    """Two functions of one app, with topics that overlap."""
    first, second = Seen(), Seen()
    client = world.client("shop")
    client.subscribe("customer.updated", "product.created")(first)
    client.subscribe("*.created", name="more")(second)
    client.open()
    client.start()
    ann = world.customers.create(kind="person", name="Ann")
    world.customers.update(ann.id, name="Anna")
    world.products.create(code="OIL", name="Oil")

    assert eventually(lambda: len(first.events) == 2 and len(second.events) == 2)
    client.close()
    assert first.verbs() == ["updated", "created"]
    assert second.verbs() == ["created", "created"]


def test_events_wait_while_the_app_is_down(world: World) -> None:
    """What happened between two runs of the app is delivered to the second, in order."""
    seen = Seen()
    following(world, "customer.*", handle=seen).close()
    for sequence in range(1, 6):
        world.tell(updated(sequence))
    second = following(world, "customer.*", handle=seen)

    assert eventually(lambda: len(seen.events) == 5)
    second.close()
    assert [one.sequence for one in seen.events if isinstance(one, EntityEvent)] == [1, 2, 3, 4, 5]


def test_duplicates_and_older_events_are_dropped(world: World) -> None:
    """The function is called once for each change of a record, whatever is sent."""
    seen = Seen()
    client = following(world, "customer.*", handle=seen)
    for sequence in (1, 2, 2, 1, 3):
        world.tell(updated(sequence))

    assert eventually(lambda: len(seen.events) == 3)
    world.tell(updated(1, golden_id=2))
    assert eventually(lambda: len(seen.events) == 4)
    client.close()
    told = [(one.id, one.sequence) for one in seen.events if isinstance(one, EntityEvent)]
    assert told == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_an_event_that_fails_holds_back_its_own_record_alone(world: World) -> None:
    """It is tried again before its successors; others go on; after five attempts it is given up."""
    tried: list[tuple[int, int]] = []

    def handle(event: Event, _envelope: Envelope) -> None:
        assert isinstance(event, EntityEvent)
        tried.append((event.id, event.sequence))
        if (event.id, event.sequence) == (1, 1):
            raise ValueError("a name")

    client = following(world, "customer.*", handle=handle)
    for golden_id, sequence in ((1, 1), (1, 2), (2, 1)):
        world.tell(updated(sequence, golden_id))

    assert eventually(lambda: (1, 2) in tried and (2, 1) in tried)
    assert world.dead_letter("shop") == "handler.failed"
    client.close()
    assert [one for one in tried if one[0] == 1] == [(1, 1)] * 5 + [(1, 2)]
    assert tried.index((2, 1)) < tried.index((1, 2))


def test_an_error_that_stays_is_not_repeated(world: World) -> None:
    """The class of the error decides: this one is a dead letter at once, with its code."""
    tried: list[int] = []

    def handle(_event: Event, _envelope: Envelope) -> None:
        tried.append(1)
        raise RecordError("shop.no_such_shelf", "there is no such shelf")

    client = following(world, "customer.*", handle=handle)
    world.tell(updated(1))

    assert world.dead_letter("shop") == "shop.no_such_shelf"
    client.close()
    assert len(tried) == 1


def test_position_and_read_model_change_together(world: World, tmp_path: Path) -> None:
    """A handler that fails half-way leaves nothing; its repetition is applied once."""
    shelf = sqlite3.connect(tmp_path / "shop.sqlite", check_same_thread=False)
    shelf.execute("CREATE TABLE names (id INTEGER, sequence INTEGER)")
    tried: list[int] = []

    def handle(event: Event, _envelope: Envelope) -> None:
        assert isinstance(event, EntityEvent)
        shelf.execute("INSERT INTO names VALUES (?, ?)", (event.id, event.sequence))
        tried.append(event.sequence)
        if len(tried) == 1:
            raise OSError("half-way")

    client = following(world, "customer.*", handle=handle, positions=SqlitePositions(shelf))
    for sequence in (1, 1, 2):
        world.tell(updated(sequence))

    assert eventually(lambda: tried == [1, 1, 2])
    client.close()
    assert shelf.execute("SELECT id, sequence FROM names").fetchall() == [(1, 1), (1, 2)]
    shelf.close()


def test_a_handler_may_ask_and_stays_in_the_events_trace(world: World) -> None:
    """What it calls belongs to the trace of what caused the event."""
    asked: list[tuple[str, str | None]] = []
    seen = Seen()
    client = world.client("shop")

    @client.subscribe("customer.created")
    def on_change(event: Event, envelope: Envelope) -> None:
        assert isinstance(event, EntityEvent)
        asked.append((client.customers.get(event.id).name, current_work().traceparent))
        seen(event, envelope)

    client.open()
    client.start()
    world.customers.create(kind="person", name="Ann")

    assert eventually(lambda: len(seen.events) == 1)
    client.close()
    assert asked == [("Ann", seen.envelopes[0].traceparent)]
    assert trace_id(seen.envelopes[0].traceparent) is not None


def test_stopping_finishes_what_is_in_hand(world: World) -> None:
    """A handler under way ends; what was not begun is there for the next run."""
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def handle(event: Event, _envelope: Envelope) -> None:
        assert isinstance(event, EntityEvent)
        begun.set()
        go_on.wait(5)
        done.append(event.sequence)

    client = following(world, "customer.*", handle=handle)
    world.tell(updated(1))
    world.tell(updated(2))
    assert begun.wait(5)
    stopper = threading.Thread(target=client.stop)
    stopper.start()
    stopper.join(0.1)
    go_on.set()
    stopper.join(5)
    client.close()

    assert done == [1]
    second = following(world, "customer.*", handle=handle)
    assert eventually(lambda: done == [1, 2])
    second.close()


@pytest.mark.parametrize("retryable", [True, False])
def test_a_remote_error_in_a_handler_counts_as_its_server_says(
    world: World, *, retryable: bool
) -> None:
    """A service that is away is waited for; one that says no is believed."""
    if retryable:
        world.stop_center("user_center")
    tried: list[int] = []
    client = world.client("shop", timeout=0.2)

    @client.subscribe("customer.*", retry_delays=DELAYS)
    def on_change(event: Event, _envelope: Envelope) -> None:
        assert isinstance(event, EntityEvent)
        tried.append(1)
        client.customers.get(event.id)

    client.open()
    client.start()
    world.tell(updated(1, golden_id=77))

    code = world.dead_letter("shop")
    client.close()
    assert (code, len(tried)) == (("rpc.no_server", 5) if retryable else ("customer.not_found", 1))
