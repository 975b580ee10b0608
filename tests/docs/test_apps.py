"""docs/apps gives every entity, method and event of the contracts; its examples run."""

import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import get_args

import msgspec
import pika
import pytest
from sqlalchemy import insert

from config.settings import Settings
from midspan.ops.answering import center_table
from midspan.store.engine import Store, open_store
from midspan.sync.centers import load_center
from shared_services.contracts import events, methods
from shared_services.contracts.commands import COMMANDS
from shared_services.contracts.entities import EntityType, entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady
from shared_services.contracts.methods import METHODS
from shared_services.messaging.rpc import RpcServer
from shared_services.outbox.relay import Relay
from shared_services.outbox.writer import append_events, append_snapshot
from shared_services.user_center.model import CUSTOMER
from tests.docs.pages import ROOT, Block, blocks, checked_tables, words
from tests.fixtures_broker import Broker, eventually

PAGE = ROOT / "docs" / "apps" / "reference.md"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RUNNING = [block for block in blocks("python") if block.kind == "runs"]


@pytest.mark.parametrize("entity", entity_types().values(), ids=lambda one: one.name)
def test_an_entitys_fields_are_documented(entity: EntityType) -> None:
    """Name, kind, whether it is required and whether it is personal, in the contract's order."""
    rows = checked_tables(PAGE, "entity")[entity.name]
    shown = [(words(row[0])[0], row[1], row[2] == "yes", row[3] == "personal") for row in rows]

    assert shown == [(one.name, one.kind, one.required, one.personal) for one in entity.fields]


def test_every_method_is_documented() -> None:
    """Name, center, request and reply of each method, in the contracts' order."""
    rows = [tuple(words(" ".join(row))) for row in checked_tables(PAGE, "methods")[""]]

    assert rows == [
        (one.name, one.center, one.request.__name__, one.reply.__name__) for one in METHODS.values()
    ]


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT or field.default == ():
        return "empty"
    return "none" if field.default is None else f"`{field.default}`"


def test_every_command_is_documented() -> None:
    """Name, center and body of each command, in the contracts' order."""
    rows = [tuple(words(" ".join(row))) for row in checked_tables(PAGE, "commands")[""]]

    assert rows == [(one.name, one.center, one.body.__name__) for one in COMMANDS.values()]


@pytest.mark.parametrize("kind", ["request", "command", "event"])
def test_every_field_of_a_struct_is_documented(kind: str) -> None:
    """Requests, commands and events: field by field, with defaults, and no struct is left out."""
    structs: dict[str, dict[str, type[msgspec.Struct]]] = {
        "request": {one.request.__name__: one.request for one in METHODS.values()},
        "command": {one.body.__name__: one.body for one in COMMANDS.values()},
        "event": {"EntityEvent": EntityEvent, "SnapshotReady": SnapshotReady},
    }
    shown = {
        name: [(words(row[0])[0], row[1]) for row in rows]
        for name, rows in checked_tables(PAGE, kind).items()
    }

    assert shown == {
        name: [(field.name, _default(field)) for field in msgspec.structs.fields(struct)]
        for name, struct in structs[kind].items()
    }


def test_every_verb_is_documented() -> None:
    """A new verb of events fails here until it is explained."""
    shown = [words(row[0])[0] for row in checked_tables(PAGE, "verbs")[""]]

    assert shown == list(get_args(events.Verb))


def test_every_method_is_in_the_table_of_methods() -> None:
    """What the contracts define is what METHODS holds, so that the page is complete."""
    defined = [one for one in vars(methods).values() if isinstance(one, methods.Method)]

    assert defined == list(METHODS.values())


@pytest.fixture
def store(broker: Broker, tmp_path: Path) -> Iterator[Store]:
    """Serve a user center that holds one customer."""
    center = load_center("user_center")
    store = open_store(None, tmp_path, center.name)
    store.create(center.metadata, center.revision)
    with store.write() as connection:
        row = {
            "kind": "person",
            "name": "Käthe Weiß",
            "email": "kaethe@example.org",
            "country": "AT",
        }
        place = {"id": 1, "epoch": 1, "sequence": 1, "as_of": NOW, "provenance": {}}
        connection.execute(insert(CUSTOMER.golden).values(**row, **place, active=True))
    server = RpcServer(
        broker.connect("center"), broker.topology, center.name, center_table(center, store)
    )
    server.start()
    yield store
    server.stop()
    store.close()


def _tell(store: Store, broker: Broker) -> None:
    """Commit two events and let the relay publish them."""
    outbox = CUSTOMER.state.outbox
    created = EntityEvent(
        entity="customer", id=1, epoch=1, sequence=1, verb="created", changed=("name",)
    )
    ready = SnapshotReady(entity="customer", count=1)
    with store.write() as connection:
        append_events(connection, outbox, [created], now=NOW, run_id="test")
        append_snapshot(connection, outbox, ready, epoch=1, now=NOW, run_id="test")
    relay = Relay(store, outbox, broker.publisher(), broker.topology, "/midspan/user_center")
    while relay.run_once():
        pass


def _in_namespace(block: Block, namespace: str) -> str:
    """Return an example that uses a namespace of the test's own; it changes nothing else."""
    text = block.text.replace('app="newsletter")', f'app="newsletter", namespace="{namespace}")')
    assert text.count(namespace) == 1
    return text


@pytest.mark.parametrize("block", RUNNING, ids=lambda block: block.name)
def test_examples_run(
    block: Block, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each client example, as it is printed, against a real broker and a real center."""
    monkeypatch.setenv("MIDSPAN_AMQP_URL", broker.url)
    # Known to the broker's fixture, so that it deletes the queues that the example makes.
    broker.topology.subscription("newsletter", "events", ("customer.*",), ordered=True)
    names: dict[str, object] = {}
    said = StringIO()
    code = compile(_in_namespace(block, broker.topology.namespace), block.name, "exec")

    with redirect_stdout(said):
        thread = threading.Thread(target=exec, args=(code, names))
        thread.start()
        if "subscribe" in block.text:
            assert _listens(broker)
            _tell(store, broker)
            eventually(lambda: "Käthe Weiß" in said.getvalue())
            names["midspan"].stop()  # type: ignore[attr-defined]  # the example's own client
        thread.join(10)

    assert "Käthe Weiß" in said.getvalue()
    assert not thread.is_alive()


def _listens(broker: Broker) -> bool:
    """Return whether the app came to consume from its queue, which is bound by then."""
    name = f"{broker.topology.namespace}.newsletter.events"

    def there() -> bool:
        with pika.BlockingConnection(pika.URLParameters(broker.url)) as connection:
            try:
                declared = connection.channel().queue_declare(name, passive=True)
            except pika.exceptions.ChannelClosedByBroker:
                return False
            return int(declared.method.consumer_count) > 0

    return eventually(there)


def test_the_stand_in_example_runs() -> None:
    """It needs no broker, and proves itself."""
    (example,) = (block for block in blocks("python") if block.kind == "stand-in")

    exec(compile(example.text, example.name, "exec"), {})  # noqa: S102 a page of this tree


def test_the_examples_are_there() -> None:
    """README and start.md show runnable examples, as short as they promise."""
    lines = {block.name: block.text.strip().count("\n") + 1 for block in RUNNING}

    assert len(lines) == 3
    assert max(lines.values()) <= 15
    assert Settings.from_environment({}).amqp_namespace == "midspan"
