"""I5: what is committed is published, in order per key, and stays until the broker has it."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence

import pytest

from midspan.kernel.errors import MidspanError, RecordError, TransientError
from midspan.store.engine import Store
from shared_services.contracts.events import EntityEvent
from shared_services.messaging.publisher import Outcome, Outgoing, Publisher, PublishResult
from shared_services.messaging.topology import Subscription, Topology
from shared_services.outbox.relay import Relay
from shared_services.outbox.writer import append_events
from shared_services.user_center.model import STATE
from tests.fixtures_broker import Broker, eventually
from tests.outbox.stores import START, event, open_center

FORK = multiprocessing.get_context("fork")


class Recorder(Publisher):
    """A publisher that stands in for a broker which takes, or leaves, what a test says."""

    def __init__(self, refuse: Sequence[str] = (), poison: Sequence[str] = ()) -> None:
        self.taken: list[tuple[str, int]] = []
        self.refuse = set(refuse)
        self.poison = set(poison)

    def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> PublishResult:
        outcomes: list[Outcome] = []
        errors: dict[int, MidspanError] = {}
        for index, message in enumerate(messages):
            subject, sequence = _told(message)
            if subject in self.refuse:
                outcomes.append(Outcome.UNCONFIRMED)
                errors[index] = _unconfirmed()
            elif subject in self.poison:
                outcomes.append(Outcome.REFUSED)
                errors[index] = RecordError("message.too_large", "the body is too large")
            else:
                outcomes.append(Outcome.CONFIRMED)
                self.taken.append((subject, sequence))
        return PublishResult(tuple(outcomes), errors)


@pytest.fixture
def store(store_url: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Give an empty user center."""
    store = open_center(store_url, tmp_path_factory.mktemp("center"))
    yield store
    store.close()


def commit(store: Store, *events: EntityEvent) -> None:
    with store.write() as connection:
        append_events(connection, STATE.outbox, events, now=START, run_id="r")


def relay(store: Store, publisher: Publisher, topology: Topology | None = None) -> Relay:
    return Relay(store, STATE.outbox, publisher, topology or Topology("t"), "/test")


def test_a_pass_takes_the_oldest_of_each_key(store: Store) -> None:
    """A key's second event waits until its first is confirmed; other keys do not wait for it."""
    commit(store, event(1, 1), event(1, 2), event(2, 1), event(1, 3))
    recorder = Recorder()

    passes = [relay(store, recorder).run_once() for _ in range(4)]

    assert passes == [2, 1, 1, 0]
    assert recorder.taken == [
        ("customer/1", 1),
        ("customer/2", 1),
        ("customer/1", 2),
        ("customer/1", 3),
    ]


def test_an_unconfirmed_event_stays_and_holds_back_its_key_alone(store: Store) -> None:
    """It is offered again under the same id; its successors wait, other keys go on."""
    commit(store, event(1, 1), event(1, 2), event(2, 1))
    recorder = Recorder(refuse=["customer/1"])
    working = relay(store, recorder)

    for _ in range(2):
        with pytest.raises(TransientError):
            working.run_once()
    held = working.backlog()
    recorder.refuse.clear()
    while working.run_once():
        pass

    assert held == 2
    assert recorder.taken == [("customer/2", 1), ("customer/1", 1), ("customer/1", 2)]


def test_a_key_that_can_never_be_published_fills_no_block(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many successors it has, the other keys behind them are published."""
    monkeypatch.setattr("shared_services.outbox.relay.BLOCK", 5)
    commit(store, *(event(1, sequence) for sequence in range(1, 11)), event(2, 1))
    recorder = Recorder(poison=["customer/1"])
    working = relay(store, recorder)

    with pytest.raises(RecordError):
        working.run_once()
    working.run_once()

    assert recorder.taken == [("customer/2", 1)]
    assert working.backlog() == 10


def test_an_event_that_commits_late_is_not_skipped(store: Store) -> None:
    """A position lower than one already published is published when it becomes visible."""
    if store.embedded:
        positions = [2, 1]
        for position in positions:
            commit(store, event(position, 1))
            _renumber(store, position)
            assert relay(store, Recorder()).run_once() == 1
        return
    recorder = Recorder()
    with store.write() as slow:
        append_events(slow, STATE.outbox, [event(1, 1)], now=START, run_id="r")
        commit(store, event(2, 1))
        assert relay(store, recorder).run_once() == 1

    assert relay(store, recorder).run_once() == 1
    assert recorder.taken == [("customer/2", 1), ("customer/1", 1)]


def test_an_uncommitted_event_is_never_published(store: Store) -> None:
    """What is rolled back was told to nobody."""
    recorder = Recorder()

    def fail() -> None:
        with store.write() as connection:
            append_events(connection, STATE.outbox, [event(1, 1)], now=START, run_id="r")
            raise _unconfirmed()

    with pytest.raises(MidspanError):
        fail()

    assert relay(store, recorder).run_once() == 0


def test_two_relays_only_repeat(store: Store) -> None:
    """A relay that slept through another's pass publishes again, and deletes nothing else."""
    commit(store, event(1, 1), event(2, 1))
    other = Recorder()

    class Sleeper(Recorder):
        def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> PublishResult:
            relay(store, other).run_once()
            commit(store, event(1, 2))
            return super().publish(messages, timeout)

    sleeper = Sleeper()
    relay(store, sleeper).run_once()

    assert sleeper.taken == other.taken
    assert relay(store, other).run_once() == 1
    assert other.taken[-1] == ("customer/1", 2)


def test_the_same_event_has_the_same_id(store: Store) -> None:
    """An event's id follows from what it says: written by a repeated run it is refused twice."""
    commit(store, event(1, 1))
    with store.read() as connection:
        first = connection.execute(STATE.outbox.select()).one().id
    relay(store, Recorder()).run_once()

    commit(store, event(1, 1))

    with store.read() as connection:
        assert connection.execute(STATE.outbox.select()).one().id == first


@pytest.mark.parametrize("killed", ["before publishing", "before the confirm is kept"])
def test_a_killed_relay_loses_nothing(store: Store, broker: Broker, killed: str) -> None:
    """On the real broker: after a kill and a new start each event is there, in order per key."""
    commit(store, *(event(key, sequence) for sequence in (1, 2) for key in (1, 2)))
    queue = _subscribe(broker)
    store.close()
    child = FORK.Process(target=_relay_and_die, args=(store, broker, killed))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL

    working = relay(store, broker.publisher(), broker.topology)
    while working.run_once():
        pass

    assert working.backlog() == 0
    repeated = 2 if killed.startswith("before the confirm") else 0
    assert eventually(lambda: broker.count(queue.queue.name) == 4 + repeated)
    seen: dict[str, list[int]] = {}
    ids = set()
    for _ in range(4 + repeated):
        properties, _body = broker.take(queue.queue.name)
        headers = properties.headers or {}
        ids.add(properties.message_id)
        told = seen.setdefault(str(headers["cloudEvents:subject"]), [])
        sequence = int(str(headers["x-sequence"]))
        if sequence not in told:
            told.append(sequence)
    assert seen == {"customer/1": [1, 2], "customer/2": [1, 2]}
    assert len(ids) == 4


def _subscribe(broker: Broker) -> Subscription:
    queue = broker.topology.subscription("shop", "all", ["#"])
    queue.declaration.declare(broker.channel)
    return queue


def _relay_and_die(store: Store, broker: Broker, when: str) -> None:
    class Dying(Publisher):
        def publish(self, messages: Sequence[Outgoing], timeout: float = 30.0) -> PublishResult:
            if when == "before the confirm is kept":
                super().publish(messages, timeout)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

    publisher = Dying(broker.connect("dying"), broker.topology.exchanges)
    publisher.start()
    relay(store, publisher, broker.topology).run_once()


def _told(message: Outgoing) -> tuple[str, int]:
    envelope = message.envelope
    return str(envelope.subject), int(envelope.sequence or 0)  # type: ignore[union-attr]


def _unconfirmed() -> TransientError:
    return TransientError("broker.unconfirmed", "the broker did not confirm")


def _renumber(store: Store, position: int) -> None:
    with store.write() as connection:
        connection.execute(STATE.outbox.update().values(position=position + 100))
