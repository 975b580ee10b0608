"""Health says what is missing and never hangs; metrics and logs are what their page says."""

import json
import logging
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from adapters.testing.faults import Refuse
from midspan.cli.serve import connected
from midspan.kernel.errors import MidspanError, TransientError
from midspan.ops.health import Health, HealthServer
from midspan.ops.logs import JsonFormatter
from midspan.ops.metrics import Metrics
from shared_services.messaging.connection import Connection
from shared_services.messaging.context import Work, working
from tests.docs.pages import ROOT, checked_tables, words
from tests.fixtures_broker import eventually
from tests.messaging.relay_proxy import RelayProxy
from tests.ops.test_processes import PARENT, TRACE, ask

PAGE = ROOT / "docs" / "ops" / "metrics.md"


@pytest.fixture
def health() -> Health:
    """Give a process's health."""
    return Health(Metrics())


def broken() -> str | None:
    """Be a probe of a store that is away."""
    raise TransientError("store.busy", "the store is busy")


def test_what_is_missing_is_named(health: Health) -> None:
    """Not ready is no reason to restart; what must live is needed for both."""
    health.needs_to_serve("broker", lambda: "broker.unreachable")
    health.needs_to_serve("store", broken)
    health.needs_to_serve("calls", lambda: None)
    assert health.not_live() == {}
    assert health.not_ready() == {"broker": "broker.unreachable", "store": "store.busy"}
    assert b"midspan_ready 0.0" in health.metrics.text()

    health.needs_to_live("relay", lambda: "ended")

    assert health.not_live() == {"relay": "ended"}
    assert health.not_ready()["relay"] == "ended"


def test_a_store_that_hangs_is_no_reason_to_restart(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often somebody asks: other probes say the truth, and metrics are answered."""
    monkeypatch.setattr("midspan.ops.health._PROBE_SECONDS", 0.05)
    monkeypatch.setattr("midspan.ops.asking._GAUGE_SECONDS", 0.05)
    release = threading.Event()

    def hang() -> str | None:
        release.wait(10)
        return None

    def hanging_number() -> float:
        release.wait(10)
        return 0.0

    health.needs_to_serve("store", hang)
    health.needs_to_serve("broker", lambda: None)
    health.needs_to_live("relay", lambda: None)
    health.metrics.watch_outbox("user_center", hanging_number, hanging_number)
    before = threading.active_count()
    for _ in range(10):
        assert health.not_ready() == {"store": "no answer within 0.05 s"}
        assert health.not_live() == {}
        assert b'midspan_relay_backlog{center="user_center"} NaN' in health.metrics.text()

    assert threading.active_count() <= before + 4
    release.set()
    assert eventually(lambda: health.not_ready() == {})


def test_metrics_are_answered_while_the_store_is_away(health: Health) -> None:
    """A gauge that cannot be read is not a number; all others are there."""

    def away() -> float:
        raise TransientError("store.unavailable", "the store is away")

    health.metrics.watch_outbox("user_center", away, away)

    assert b'midspan_relay_oldest_seconds{center="user_center"} NaN' in health.metrics.text()


def test_a_process_that_stops_takes_no_more_work(health: Health) -> None:
    """It says so first, while all else is still well."""
    assert health.not_ready() == {}

    health.stopping()

    assert health.not_ready() == {"process": "stopping"}
    assert health.not_live() == {}


def test_a_probe_that_hangs_is_a_probe_that_fails(health: Health) -> None:
    """A database that does not answer does not keep the answer waiting."""
    released = threading.Event()
    health.needs_to_serve("store", lambda: str(released.wait(30)))
    server = HealthServer(health, "127.0.0.1", 0)
    begun = time.monotonic()

    status, body = ask(f"{server.url}/readyz")

    released.set()
    server.close()
    assert (status, json.loads(body)["failed"]) == (503, {"store": "no answer within 2 s"})
    assert time.monotonic() - begun < 4


def test_a_port_that_is_taken_is_told(health: Health) -> None:
    """The second process does not start half: the remedy names the option."""
    first = HealthServer(health, "127.0.0.1", 0)
    port = int(first.url.rsplit(":", 1)[1])

    with pytest.raises(MidspanError, match="--port") as refused:
        HealthServer(health, "127.0.0.1", port)

    first.close()
    assert refused.value.code == "serve.port_taken"


def test_a_broker_that_is_away_makes_not_ready(health: Health, amqp_url: str) -> None:
    """And ready again once it is back, by itself."""
    with RelayProxy(amqp_url) as proxy:
        connection = Connection(proxy.url, "test")
        connection.open()
        health.needs_to_serve("broker", partial(connected, connection))
        assert health.not_ready() == {}
        proxy.set(Refuse())
        away = eventually(lambda: "broker" in health.not_ready())
        proxy.heal()
        back = eventually(lambda: health.not_ready() == {}, 20)
        connection.close()

    assert (away, back) == (True, True)


def test_every_metric_is_documented_and_no_other() -> None:
    """Names, kinds and labels of the page are those of the registry."""
    shown = {
        words(row[0])[0]: (row[1], tuple(words(row[2])))
        for row in checked_tables(PAGE, "metrics")[""]
    }
    metrics = Metrics()
    families = metrics.registry.collect()
    names = {
        f"{one.name}_total" if one.type == "counter" else one.name: one.type for one in families
    }

    assert {name: kind for name, (kind, _) in shown.items()} == names
    for attribute in vars(metrics).values():
        name = getattr(attribute, "_name", None)
        if name is not None:
            found = shown.get(name) or shown[f"{name}_total"]
            assert found[1] == attribute._labelnames


def line(record: logging.LogRecord) -> dict[str, object]:
    """Return a record as it is logged."""
    found: dict[str, object] = json.loads(JsonFormatter().format(record))
    return found


def test_a_line_says_what_it_belongs_to() -> None:
    """Trace, message and correlation of the work in hand, and nothing where there is none."""
    record = logging.LogRecord("shop", logging.INFO, __file__, 1, "handled %d", (3,), None)
    plain = line(record)
    with working(Work(PARENT, None, "m-1", "c-1")):
        told = line(record)

    assert told["message"] == "handled 3"
    assert (told["trace_id"], told["message_id"], told["correlation_id"]) == (TRACE, "m-1", "c-1")
    assert plain.keys() == {"time", "level", "logger", "message"}


def test_an_exception_is_logged_without_what_it_says() -> None:
    """It may quote the record that it choked on; where it happened is enough."""
    try:
        int("ann@example.com")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "failed", "exc_info": (ValueError, error, error.__traceback__)}
        )
    told = line(record)

    assert told["error"] == "ValueError"
    assert Path(__file__).name in str(told["stack"])
    assert "ann@example.com" not in json.dumps(told)
    documented = {key for row in checked_tables(PAGE, "logs")[""] for key in words(row[0])}
    assert told.keys() <= documented
