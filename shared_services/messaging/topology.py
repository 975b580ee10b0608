"""Exchanges, queues and bindings as values; one place knows their names.

Declaring is idempotent and needs no answer: a channel on which it went wrong is closed by
the broker, with the reason. A message that waits for its next attempt sits in a retry queue
of one fixed delay (so that none overtakes the time of another) and comes back to its own
queue alone, through the subscription's own exchange.

``{consumer}.{name}``            what is to be handled (quorum)
``{consumer}.{name}.retry.10s``  waits 10 s and comes back (quorum, dead-letters at least once)
``{consumer}.{name}.dlq``        given up, with the reason in its headers (quorum)
``{center}.commands``            what apps ask it to do, with retries and dead letters as above
``{center}.rpc``                 calls; goes away with its last server (classic, transient)

A namespace other than ``midspan`` is prefixed to queues, so that several installations and
tests live on one broker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

DEFAULT_NAMESPACE: Final = "midspan"
RETRY_DELAYS: Final = (10.0, 60.0, 600.0)
ORDERED: Final = {"x-single-active-consumer": True}

# Longer than any deadline: a call whose caller set no expiration does not stay for ever.
_LONGEST_CALL_MS: Final = 600_000
_QUORUM: Final = {
    "x-queue-type": "quorum",
    "x-overflow": "reject-publish",
    "x-dead-letter-strategy": "at-least-once",
}


class DeclaringChannel(Protocol):
    """The part of pika's channels, blocking or not, that topology needs."""

    def exchange_declare(self, exchange: str, exchange_type: str, *, durable: bool) -> object: ...  # noqa: D102 as in pika

    def queue_declare(  # noqa: D102 as in pika
        self, queue: str, *, durable: bool, auto_delete: bool, arguments: dict[str, Any]
    ) -> object: ...

    def queue_bind(self, queue: str, exchange: str, routing_key: str) -> object: ...  # noqa: D102

    def queue_delete(self, queue: str) -> object: ...  # noqa: D102 as in pika

    def exchange_delete(self, exchange: str) -> object: ...  # noqa: D102 as in pika


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: str = "topic"


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue; ``durable`` ones outlive their consumers, others go with the last."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    durable: bool = True


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages of ``exchange`` whose routing key matches go to ``queue``."""

    queue: str
    exchange: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """Things declared together, in this order: exchanges, queues, bindings."""

    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()

    def declare(self, channel: DeclaringChannel) -> None:
        """Declare everything on an open channel, blocking or not."""
        for exchange in self.exchanges:
            channel.exchange_declare(exchange.name, exchange.kind, durable=True)
        for queue in self.queues:
            channel.queue_declare(
                queue.name,
                durable=queue.durable,
                auto_delete=not queue.durable,
                arguments=dict(queue.arguments),
            )
        for binding in self.bindings:
            channel.queue_bind(binding.queue, binding.exchange, binding.routing_key)

    def delete(self, channel: DeclaringChannel) -> None:
        """Delete the queues with what is in them, and the exchanges."""
        for queue in self.queues:
            channel.queue_delete(queue.name)
        for exchange in self.exchanges:
            channel.exchange_delete(exchange.name)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A consumer's queue with its retry queues (shortest delay first) and dead letters.

    ``ordered``: one consumer at a time is active on the queue, and a key whose message fails
    waits with its successors instead of taking turns with them.
    """

    queue: Queue
    retry_exchange: Exchange
    retries: tuple[Queue, ...]
    delays: tuple[float, ...]
    dead_letters: Queue
    ordered: bool
    declaration: Declaration


@dataclass(frozen=True, slots=True)
class Service:
    """The queue on which a center's servers take calls."""

    queue: Queue
    declaration: Declaration


class Topology:
    """Names everything of one installation; ``namespace`` is its first word."""

    def __init__(self, namespace: str = DEFAULT_NAMESPACE) -> None:
        self.namespace = namespace
        self.rpc = Exchange(f"{namespace}.rpc")
        self.commands = Exchange(f"{namespace}.commands")
        self.events = Exchange(f"{namespace}.events")
        self.events_personal = Exchange(f"{namespace}.events.personal")
        self._prefix = "" if namespace == DEFAULT_NAMESPACE else f"{namespace}."
        self._declared: list[Declaration] = [self.exchanges]

    @property
    def exchanges(self) -> Declaration:
        """Return the exchanges that publishers write to."""
        return Declaration((self.rpc, self.commands, self.events, self.events_personal))

    def service(self, center: str, routing_keys: Sequence[str]) -> Service:
        """Return the queue on which ``center`` takes the calls of ``routing_keys``."""
        queue = Queue(
            f"{self._prefix}{center}.rpc", {"x-message-ttl": _LONGEST_CALL_MS}, durable=False
        )
        bindings = tuple(Binding(queue.name, self.rpc.name, key) for key in routing_keys)
        return Service(queue, self._keep(Declaration((self.rpc,), (queue,), bindings)))

    def subscription(
        self,
        consumer: str,
        name: str,
        patterns: Sequence[str],
        *,
        delays: Sequence[float] = RETRY_DELAYS,
        ordered: bool = False,
        source: Exchange | None = None,
    ) -> Subscription:
        """Return ``consumer``'s durable queue of the events that match ``patterns``.

        ``source`` is where they come from, the exchange of public events unless said otherwise.
        ``delays`` are the retry tiers' waits in seconds, shortest first. A queue once made
        ordered, or not, stays so: the broker refuses to change it.
        """
        if not delays:
            raise ValueError("a subscription needs at least one retry delay")
        base = f"{self._prefix}{consumer}.{name}"
        exchange = Exchange(f"{base}.retry", "direct")
        dead_letters = Queue(f"{base}.dlq", {"x-queue-type": "quorum"})
        queue = _main_queue(base, exchange, dead_letters, ordered=ordered)
        retries = tuple(_retry_queue(queue, exchange, delay) for delay in delays)
        queues = (queue, *retries, dead_letters)
        back = tuple(Binding(each.name, exchange.name, each.name) for each in queues)
        source = source or self.events
        topics = tuple(Binding(queue.name, source.name, pattern) for pattern in patterns)
        declaration = Declaration((source, exchange), queues, topics + back)
        return Subscription(
            queue, exchange, retries, tuple(delays), dead_letters, ordered, self._keep(declaration)
        )

    def declare(self, channel: DeclaringChannel) -> None:
        """Declare the exchanges and every service and subscription asked for so far."""
        for declaration in self._declared:
            declaration.declare(channel)

    def delete(self, channel: DeclaringChannel) -> None:
        """Delete all of it, with the messages: for tests."""
        for declaration in reversed(self._declared):
            declaration.delete(channel)

    def _keep(self, declaration: Declaration) -> Declaration:
        self._declared.append(declaration)
        return declaration


def _main_queue(name: str, exchange: Exchange, dead_letters: Queue, *, ordered: bool) -> Queue:
    # Attempts are counted by the consumer. The broker's own limit stands far above, for a
    # message that kills every consumer before it can count; newer brokers would drop it at 20.
    arguments = _QUORUM | {
        "x-delivery-limit": 100,
        "x-dead-letter-exchange": exchange.name,
        "x-dead-letter-routing-key": dead_letters.name,
    }
    return Queue(name, arguments | ORDERED if ordered else arguments)


def _retry_queue(main: Queue, exchange: Exchange, delay: float) -> Queue:
    arguments = _QUORUM | {
        "x-message-ttl": round(delay * 1000),
        "x-dead-letter-exchange": exchange.name,
        "x-dead-letter-routing-key": main.name,
    }
    return Queue(f"{main.name}.retry.{_spell(delay)}", arguments)


def _spell(seconds: float) -> str:
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g}m"
    return f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:g}ms"
