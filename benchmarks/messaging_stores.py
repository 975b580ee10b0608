"""Messages together with PostgreSQL: calls that read, the inbox with its effects, the relay.

``customer.get`` is asked of ``midspan serve user_center`` as production runs it, 64 calls in
flight, by random keys. The inbox notes each message and brings a read model up to date in the
same transaction, in bursts of 200; its peer does the same one message at a time. The relay takes
rows of the outbox to a quorum queue and deletes what was confirmed.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from benchmarks import messaging_load as load
from benchmarks.frame import (
    ROOT,
    BenchmarkError,
    Measurement,
    Sample,
    Settings,
    Side,
    Stopwatch,
    at_least,
    at_most,
    run_process,
    side_by_side,
    tell,
)
from benchmarks.messaging_own import connect, fill
from benchmarks.messaging_queues import channel
from benchmarks.messaging_rpc import measured_call
from midspan.store.engine import Store, open_store
from midspan.store.revision import Revision
from shared_services.contracts.events import EntityEvent
from shared_services.contracts.methods import CUSTOMER_GET, GetById
from shared_services.messaging.batches import BatchConsumer
from shared_services.messaging.consumer import Consumer, Message
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.rpc import Reply, RpcClient
from shared_services.messaging.topology import Declaration, Topology
from shared_services.outbox.inbox import Inbox, inbox_tables
from shared_services.outbox.relay import Relay
from shared_services.outbox.writer import append_events
from shared_services.user_center.model import CENTER, METADATA, REVISION, STATE

CUSTOMERS = 1_000_000
CALLS = 30_000
MESSAGES = 50_000
IN_FLIGHT = 64
GET_TARGET, P99_TARGET = 15_000, 10.0
INBOX_TARGET, RELAY_TARGET = 35_000, 30_000

_SHORT = 200
# One at a time is so much slower that a part of it tells its pace.
_ALONE = 10
_SERVER = "MIDSPAN_TEST_POSTGRES_URL"
_MODULE = "benchmarks.messaging_stores"
_LONGEST = 600.0
_ENDED_WITHIN = 20
_CHUNK = 5_000


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the rates of calls, inbox and relay."""
    short = settings.short
    with _database() as url:
        _fill_center(url, _SHORT if short else settings.rows or CUSTOMERS)
        yield from _measure_get(url, settings)
    count = settings.rows or (_SHORT if short else MESSAGES)
    with _database() as url:
        yield from _measure_inbox(url, count, settings)
    with _database() as url:
        found = side_by_side([Side("relay", partial(_relay_round, url, count))], settings.rounds)
        yield at_least(
            "messaging: relay, confirmed and deleted",
            "msg/s",
            found["relay"].rate,
            None if short else RELAY_TARGET,
        )


def _measure_get(url: str, settings: Settings) -> Iterator[Measurement]:
    calls = _SHORT if settings.short else CALLS
    customers = _SHORT if settings.short else settings.rows or CUSTOMERS
    p99s: list[float] = []

    def run() -> Sample:
        words = (_MODULE, Path(sys.executable), namespace, IN_FLIGHT, calls)
        sample, p99 = measured_call(*words, str(customers))
        p99s.append(p99)
        return sample

    namespace = f"b{secrets.token_hex(4)}"
    with _serving_center(url, namespace):
        found = side_by_side([Side("customer.get", run)], settings.rounds)
    what = f"messaging: customer.get, {IN_FLIGHT} in flight"
    rate = found["customer.get"].rate
    yield at_least(what, "calls/s", rate, None if settings.short else GET_TARGET)
    slowest = sorted(p99s)[len(p99s) // 2]
    yield at_most(f"{what}, p99", "ms", slowest, None if settings.short else P99_TARGET)


def _measure_inbox(url: str, count: int, settings: Settings) -> Iterator[Measurement]:
    alone = max(count // _ALONE, 1)
    burst = side_by_side(
        [Side("burst", partial(_inbox_round, url, "burst", count))], settings.rounds
    )
    one = side_by_side([Side("alone", partial(_inbox_round, url, "alone", alone))], settings.rounds)
    yield at_least(
        "messaging: inbox with effects, bursts of 200",
        "msg/s",
        burst["burst"].rate,
        None if settings.short else INBOX_TARGET,
        peer=("one at a time", one["alone"].rate),
    )


@contextmanager
def _database() -> Iterator[str]:
    """Give a database on the server that the environment names."""
    server = os.environ.get(_SERVER)
    if not server:
        raise BenchmarkError(f"{_SERVER} names no server: run `make bench`")
    name = f"bench_{secrets.token_hex(6)}"
    engine = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    _run(engine, f"CREATE DATABASE {name}")
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _run(engine, f"DROP DATABASE {name} WITH (FORCE)")


def _run(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(statement))


def _center(url: str) -> Store:
    store = open_store(url, ROOT, CENTER)
    store.create(METADATA, Revision(CENTER, str(REVISION)))
    return store


def _fill_center(url: str, customers: int) -> None:
    store = _center(url)
    with store.write() as connection:
        connection.execute(
            text(
                f"INSERT INTO {CENTER}.customer "  # noqa: S608 our own name
                "(id, epoch, sequence, as_of, provenance, kind, name, email, city, country, "
                "active) SELECT i, 1, 1, now(), '{}', 'person', 'Customer ' || i, "
                "'c' || i || '@example.test', "
                "'Graz', 'AT', true FROM generate_series(1, :customers) AS i"
            ),
            {"customers": customers},
        )
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {CENTER}.customer"))
    store.close()


@contextmanager
def _serving_center(url: str, namespace: str) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(  # noqa: S603 our own command
            [Path(sys.executable).with_name("midspan"), "serve", CENTER],
            env=os.environ
            | {
                "MIDSPAN_STORE_URL": url,
                "MIDSPAN_STATE": folder,
                "MIDSPAN_AMQP_NAMESPACE": namespace,
            },
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        try:
            _await_ready(server)
            yield
        finally:
            server.terminate()
            server.communicate(timeout=_ENDED_WITHIN)


def _await_ready(server: "subprocess.Popen[str]") -> None:
    said: list[str] = []
    for line in server.stderr or ():
        said.append(line)
        if "ready" in line:
            return
    raise BenchmarkError(f"midspan serve did not begin: {''.join(said)[-2000:]}")


def call(namespace: str, count: str, in_flight: str, customers: str) -> None:
    """Ask for customers by random keys."""
    connection = connect("call")
    rpc = RpcClient(connection, Topology(namespace))
    rpc.start()
    seen, done, random = load.Latencies(), threading.Event(), Random(7)  # noqa: S311 keys to ask for
    keys = iter([random.randint(1, int(customers)) for _ in range(int(count))])

    def ask() -> None:
        key = next(keys, None)
        if key is None:
            return
        began = time.perf_counter()

        def answered(outcome: object) -> None:
            if not isinstance(outcome, Reply):
                seen.fail(outcome)
                done.set()
                return
            seen.add(began, outcome.value.id)
            if seen.count == int(count):
                done.set()
            ask()

        rpc.send(CUSTOMER_GET, GetById(id=key), answered, timeout=60)

    def begin() -> None:
        for _ in range(int(in_flight)):
            ask()

    connection.call(begin)
    if not done.wait(_LONGEST):
        raise BenchmarkError("some calls were not answered")
    seen.tell()
    connection.close()


def _inbox_round(url: str, way: str, count: int) -> Sample:
    topology = Topology(f"b{secrets.token_hex(4)}")
    subscription = topology.subscription("bench", "events", ["#"])
    with channel() as beside:
        topology.declare(beside)
    try:
        fill(subscription.queue.name, count, enveloped=True)
        return run_process(_MODULE, "inbox", url, topology.namespace, way, str(count))
    finally:
        with channel() as beside:
            topology.delete(beside)


class ReadModel:
    """A table of the subjects' last messages; ``done`` when ``count`` were applied."""

    def __init__(self, store: Store, metadata: MetaData, count: int) -> None:
        self.done = threading.Event()
        self.seen = load.Sum()
        self._count = count
        Table(
            "seen_customer",
            metadata,
            Column("subject", String(60), primary_key=True),
            Column("sequence", BigInteger, nullable=False),
        )
        self._upsert = text(
            f"INSERT INTO {store.schema}.seen_customer AS held (subject, sequence) "  # noqa: S608 our own name
            "SELECT * FROM unnest(CAST(:subjects AS text[]), CAST(:sequences AS bigint[])) "
            "ON CONFLICT (subject) DO UPDATE SET sequence = excluded.sequence "
            "WHERE excluded.sequence > held.sequence"
        )

    def apply(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Bring the read model up to date by one statement."""
        last = {one.envelope.subject or "": one.envelope.sequence for one in messages}
        connection.execute(self._upsert, {"subjects": list(last), "sequences": list(last.values())})
        for message in messages:
            self.seen.add(message.body)
        if self.seen.count == self._count:
            self.done.set()


def inbox(url: str, namespace: str, way: str, count: str) -> None:
    """Apply every message of the queue once, in bursts or one at a time."""
    schema = f"bench_{secrets.token_hex(4)}"
    store, metadata = open_store(url, ROOT, schema), MetaData(schema=schema)
    model, tables = ReadModel(store, metadata, int(count)), inbox_tables(metadata)
    store.create(metadata, Revision(schema, "1"))
    connection = connect("inbox")
    publisher = Publisher(connection, Declaration())
    publisher.start()
    subscription = Topology(namespace).subscription("bench", "events", ["#"])
    box = Inbox(store, tables, "bench", model.apply)
    consumer: Consumer
    if way == "burst":
        consumer = BatchConsumer(connection, publisher, subscription, box.receive)
    else:
        alone = partial(_alone, box)
        consumer = Consumer(connection, publisher, subscription, alone, workers=1)
    watch = Stopwatch()
    consumer.start()
    if not model.done.wait(_LONGEST):
        raise BenchmarkError("some messages were not applied")
    sample = watch.sample(model.seen.count, model.seen.digest)
    consumer.stop()
    connection.close()
    store.close()
    tell(sample)


def _alone(box: Inbox, message: Message) -> None:
    box.receive([message])


def _relay_round(url: str, count: int) -> Sample:
    store = _center(url)
    now = datetime.now(UTC)
    for begin in range(0, count, _CHUNK):
        events = [_event(number) for number in range(begin, min(begin + _CHUNK, count))]
        with store.write() as connection:
            append_events(connection, STATE.outbox, events, now=now, run_id="bench")
    store.close()
    return run_process(_MODULE, "relay", url, str(count))


def _event(number: int) -> EntityEvent:
    return EntityEvent(
        entity="customer",
        id=number + 1,
        epoch=1,
        sequence=1,
        verb="updated",
        changed=tuple(f"a_field_of_the_customer_{each:02}" for each in range(24)),
    )


def relay(url: str, count: str) -> None:
    """Publish the whole outbox to a quorum queue."""
    topology = Topology(f"b{secrets.token_hex(4)}")
    subscription = topology.subscription("bench", "events", ["#"])
    store, connection = _center(url), connect("relay")
    publisher = Publisher(connection, subscription.declaration)
    publisher.start()
    relaying = Relay(store, STATE.outbox, publisher, topology, "/midspan/user_center")
    watch = Stopwatch()
    sent = 0
    while confirmed := relaying.run_once():
        sent += confirmed
    sample = watch.sample(sent, str(sent))
    left = relaying.backlog()
    with channel() as beside:
        topology.delete(beside)
    connection.close()
    store.close()
    if left or sent != int(count):
        raise BenchmarkError(f"of {count} events {sent} were sent and {left} are left")
    tell(sample)


if __name__ == "__main__":
    words: dict[str, Callable[..., None]] = {"call": call, "inbox": inbox, "relay": relay}
    words[sys.argv[1]](*sys.argv[2:])
