"""Every metric that a process of ours exposes, declared in one place.

Names, labels and meanings are in ``docs/ops/metrics.md``. No label holds an id, a key or
anything personal: its values are few, and known beforehand.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from midspan.ops.asking import gauged

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One process's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.rpc_calls = Counter(
            "midspan_rpc_calls",
            "Calls a handler answered, by the code of the answer",
            ("center", "method", "code"),
            registry=self.registry,
        )
        self.rpc_seconds = Histogram(
            "midspan_rpc_seconds",
            "Time to answer a call, or calls that arrived together",
            ("center", "method"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.commands = Counter(
            "midspan_commands",
            "Commands carried out or refused, by the code of their outcome",
            ("center", "command", "code"),
            registry=self.registry,
        )
        self.relay_published = Counter(
            "midspan_relay_published",
            "Events confirmed by the broker",
            ("center",),
            registry=self.registry,
        )
        self.relay_failures = Counter(
            "midspan_relay_failures",
            "Passes of the relay that failed, by the code of their error",
            ("center", "code"),
            registry=self.registry,
        )
        self._relay_backlog = self._gauge(
            "midspan_relay_backlog", "Events that wait to be published", "center"
        )
        self._relay_oldest = self._gauge(
            "midspan_relay_oldest_seconds", "Age of the oldest event that waits", "center"
        )
        self._center_age = self._gauge(
            "midspan_center_age_seconds", "Age of the oldest data a center answers with", "center"
        )
        self._connected = self._gauge(
            "midspan_broker_connected", "1 while the broker can be talked to", "connection"
        )
        self._blocked = self._gauge(
            "midspan_broker_blocked", "1 while the broker takes no messages", "connection"
        )
        self._ready = Gauge("midspan_ready", "1 while /readyz says yes", registry=self.registry)

    def watch_connection(
        self, name: str, connected: Callable[[], bool], blocked: Callable[[], bool]
    ) -> None:
        """Ask a connection whenever the metrics are read."""
        self._connected.labels(name).set_function(lambda: float(connected()))
        self._blocked.labels(name).set_function(lambda: float(blocked()))

    def watch_outbox(
        self, center: str, backlog: Callable[[], float], oldest: Callable[[], float]
    ) -> None:
        """Ask an outbox whenever the metrics are read; NaN while its store does not answer."""
        self._relay_backlog.labels(center).set_function(gauged(backlog))
        self._relay_oldest.labels(center).set_function(gauged(oldest))

    def watch_age(self, center: str, age: Callable[[], float]) -> None:
        """Ask a center for the age of its data, in seconds, whenever the metrics are read."""
        self._center_age.labels(center).set_function(gauged(age))

    def watch_ready(self, ready: Callable[[], bool]) -> None:
        """Ask whether the process is ready whenever the metrics are read."""
        self._ready.set_function(lambda: float(ready()))

    def text(self) -> bytes:
        """Return all of them in Prometheus's text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, meaning: str, label: str) -> Gauge:
        return Gauge(name, meaning, (label,), registry=self.registry)
