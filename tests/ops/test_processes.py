"""The processes of an installation: health, metrics, logs, and one trace through all of them."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from midspan.kernel.errors import RemoteError
from midspan.store.engine import open_store
from midspan.sync.centers import load_center
from shared_services.client import Client, EntityEvent, Envelope, Event
from shared_services.contracts.methods import CUSTOMER_GET, GetById
from shared_services.messaging.context import (
    Work,
    child_of,
    next_traceparent,
    trace_id,
    trace_of_run,
    working,
)
from shared_services.messaging.rpc import RpcClient
from shared_services.outbox.relay import Relay
from shared_services.outbox.writer import append_events
from tests.fixtures_broker import Broker, eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
READY = re.compile(r"ready: .*; health at (http://[\d.:]+)")
GRACE = 10
MIDSPAN = Path(sys.executable).with_name("midspan")


@dataclass
class Process:
    """A running ``midspan`` with its log."""

    child: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Return where its health answers, once it is ready."""
        assert eventually(lambda: READY.search(self.log.read_text()) is not None, 20)
        found = READY.search(self.log.read_text())
        assert found is not None
        return found[1]

    def lines(self) -> list[dict[str, str]]:
        """Return its log, every line of which is JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(GRACE)


def ask(url: str) -> tuple[int, str]:
    """Return status and body of an answer."""
    answer = requests.get(url, timeout=5)
    return answer.status_code, answer.text


@pytest.fixture
def processes(broker: Broker, tmp_path: Path) -> Iterator[dict[str, Process]]:
    """Run a center and the relay; whatever still runs at the end is killed."""
    settings = {
        "MIDSPAN_AMQP_URL": broker.url,
        "MIDSPAN_AMQP_NAMESPACE": broker.topology.namespace,
        "MIDSPAN_STATE": str(tmp_path),
    }
    running = {}
    for name, words in (("serve", ["serve", "user_center"]), ("relay", ["relay"])):
        log = tmp_path / f"{name}.log"
        with log.open("wb") as file:
            child = subprocess.Popen([MIDSPAN, *words], env=os.environ | settings, stderr=file)
        running[name] = Process(child, log)
    yield running
    for process in running.values():
        if process.child.poll() is None:
            process.child.kill()
        process.child.wait()


def test_processes_answer_for_themselves_and_stop_when_asked(
    processes: dict[str, Process], broker: Broker
) -> None:
    """Alive, ready, with metrics of what they did; logs are JSON; SIGTERM ends them with 0."""
    url = processes["serve"].url
    with Client(broker.url, "shop", namespace=broker.topology.namespace) as client:
        assert client.customers.find().items == []
        for _ in range(2):
            with pytest.raises(RemoteError):
                client.customers.get(7)

    for name in ("serve", "relay"):
        assert ask(f"{processes[name].url}/livez") == (200, '{"ok": true, "failed": {}}')
        assert ask(f"{processes[name].url}/readyz")[0] == 200
        assert "midspan_ready 1.0" in ask(f"{processes[name].url}/metrics")[1]
    metrics = ask(f"{url}/metrics")[1]
    method = 'center="user_center",code="{}",method="customer.{}.v1"'
    assert f"midspan_rpc_calls_total{{{method.format('ok', 'find')}}} 1.0" in metrics
    assert f"midspan_rpc_calls_total{{{method.format('customer.not_found', 'get')}}} 2.0" in metrics
    assert 'midspan_broker_connected{connection="midspan-serve-user_center"} 1.0' in metrics
    assert ask(f"{url}/elsewhere")[0] == 404
    assert [processes[name].stop() for name in ("serve", "relay")] == [0, 0]
    for process in processes.values():
        assert {"time", "level", "logger", "message"} <= process.lines()[0].keys()
        assert process.lines()[-1]["message"].startswith("stopping: ")


def test_one_trace_goes_through_every_hop(broker: Broker, tmp_path: Path) -> None:
    """From a call's work into the outbox, by the relay to the app, into the app's own calls."""
    told = threading.Event()
    traces: list[str | None] = []
    client = Client(broker.url, "shop", namespace=broker.topology.namespace)
    broker.topology.subscription("shop", "events", [], ordered=True)

    @client.subscribe("customer.*")
    def on_change(_event: Event, envelope: Envelope) -> None:
        traces.extend((envelope.traceparent, next_traceparent()))
        told.set()

    center = load_center("user_center")
    store = open_store(None, tmp_path, center.name)
    store.create(center.metadata, center.revision)
    outbox = next(iter(center.models.values())).state.outbox
    event = EntityEvent(entity="customer", id=1, epoch=1, sequence=1, verb="created")
    client.start()
    with working(Work(PARENT)), store.write() as connection:
        append_events(connection, outbox, [event], now=datetime.now(UTC), run_id="r")
    Relay(store, outbox, broker.publisher(), broker.topology, "/midspan/test").run_once()

    assert told.wait(10)
    client.stop()
    store.close()
    assert [trace_id(one) for one in traces] == [TRACE, TRACE]
    assert len({PARENT, *traces}) == 3


def test_events_of_a_run_share_a_trace() -> None:
    """Where no call caused them, the run did; every process makes the same trace of it."""
    assert trace_of_run("run-1") == trace_of_run("run-1")
    assert trace_id(trace_of_run("run-1")) == trace_id(child_of(trace_of_run("run-1")))
    assert trace_id(trace_of_run("run-1")) != trace_id(trace_of_run("run-2"))


def test_a_call_carries_the_trace_of_what_it_is_made_for(broker: Broker) -> None:
    """And without any, it begins one."""
    seen: list[str | None] = []
    send = RpcClient.call

    def call(self: RpcClient, *words: object, **named: object) -> object:
        seen.append(str(named["traceparent"]))
        return send(self, *words, **named)  # type: ignore[arg-type]  # as they came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RpcClient, "call", call)
        with Client(broker.url, "shop", namespace=broker.topology.namespace) as client:
            for parent in (PARENT, None):
                with working(Work(parent)), pytest.raises(RemoteError):
                    client.call(CUSTOMER_GET, GetById(id=1), timeout=0.05)

    assert trace_id(seen[0]) == TRACE
    assert trace_id(seen[-1]) not in (TRACE, None)
