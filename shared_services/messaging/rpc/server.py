"""Serving: a table of methods, each handled in a worker thread, each answered once.

Work whose deadline has passed is dropped, and only the broker's own direct reply addresses
are answered. A request that is no valid request is told which field is wrong; an unexpected
exception is logged here with its traceback and reaches the caller as ``rpc.internal`` without
its text. A call is acknowledged with its answer, so that one whose server dies goes to the
next server while its deadline lasts.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from pika import BasicProperties, spec
from pika.channel import Channel

from midspan.kernel.errors import MidspanError, RemoteError
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.envelope import (
    CONTENT_TYPE,
    DEADLINE,
    MAX_BODY,
    TRACEPARENT,
    place_of,
)
from shared_services.messaging.rpc.wire import (
    AS_OF,
    DIRECT_REPLY_TO,
    ERROR,
    MAX_STALENESS,
    REPLY,
    ErrorBody,
    error_body,
)
from shared_services.messaging.session import ConsumingSession
from shared_services.messaging.topology import Topology
from shared_services.messaging.workers import WorkerPool

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Context:
    """What a handler knows of its call, and what it may say beside the reply.

    ``deadline`` is unix time in seconds; ``max_staleness`` is how old, in seconds, the data may
    be. A handler sets ``as_of`` to the time of the data its reply was made from.
    """

    method: Method
    deadline: float
    traceparent: str | None = None
    as_of: datetime | None = None
    max_staleness: float | None = None
    correlation_id: str | None = None

    @property
    def seconds_left(self) -> float:
        """Return how long the caller still waits."""
        return self.deadline - time.time()


Handler = Callable[[Any, Context], msgspec.Struct]
Table = Mapping[str, tuple[Method, Handler]]


@dataclass(frozen=True, slots=True)
class _Call:
    """A request in hand."""

    channel: Channel
    tag: int
    routing_key: str
    properties: BasicProperties
    body: bytes


class RpcServer(ConsumingSession):
    """Serves ``table`` (routing key → method and handler) on the queue of ``center``."""

    def __init__(
        self,
        connection: Connection,
        topology: Topology,
        center: str,
        table: Table,
        *,
        prefetch: int = 128,
        workers: int = 4,
    ) -> None:
        service = topology.service(center, tuple(table))
        super().__init__(connection, service.declaration, service.queue.name, prefetch=prefetch)
        self._table = table
        self._pool = WorkerPool(workers, f"serve-{center}")

    def stop(self, timeout: float = 10.0) -> bool:
        """Take no more calls, answer those in hand; False when some did not end in time.

        Also those not begun are answered: with the last server goes the queue, and they
        could not be handed back.
        """
        self._stop_consuming()
        finished = self._pool.stop(timeout, finish_waiting=True)
        self.end()
        return finished

    def _on_message(
        self, channel: Channel, method: spec.Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        call = _Call(channel, method.delivery_tag, method.routing_key, properties, body)
        self._pool.submit(partial(self._serve, call))

    def _serve(self, call: _Call) -> None:
        answer = self._answer(call) if _answerable(call) else None
        self._on_channel(call.channel, partial(_finish, call, answer))

    def _answer(self, call: _Call) -> tuple[BasicProperties, bytes] | None:
        """Return the answer, or None for work whose time has passed."""
        try:
            context = self._context(call)
            if context.seconds_left <= 0:
                return None
            request = _request(context.method, call.body)
            reply = msgspec.json.encode(self._table[call.routing_key][1](request, context))
        except MidspanError as error:
            return _error(call, error_body(error))
        except Exception:
            log.exception("%s: the handler failed", call.routing_key)
            message = f"{call.routing_key} failed for a reason that its server has logged"
            return _error(call, ErrorBody(code="rpc.internal", message=message))
        headers = {AS_OF: context.as_of.isoformat()} if context.as_of else None
        return _properties(call, REPLY, headers), reply

    def _context(self, call: _Call) -> Context:
        if call.routing_key not in self._table:
            raise RemoteError("rpc.unknown_method", f"there is no method {call.routing_key} here")
        headers = call.properties.headers or {}
        deadline = headers.get(DEADLINE)
        # pika has an int class of its own for long values; a bool is an int, too, and no time.
        if isinstance(deadline, bool) or not isinstance(deadline, int):
            raise _invalid(f"the header {DEADLINE} is missing or no integer", DEADLINE)
        trace = headers.get(TRACEPARENT)
        return Context(
            self._table[call.routing_key][0],
            deadline / 1000,
            trace if isinstance(trace, str) else None,
            max_staleness=_staleness(headers.get(MAX_STALENESS)),
            correlation_id=call.properties.correlation_id,
        )


def _answerable(call: _Call) -> bool:
    reply_to = call.properties.reply_to or ""
    if reply_to.startswith(f"{DIRECT_REPLY_TO}.") and call.properties.correlation_id:
        return True
    log.warning("%s: a call without a direct reply address was dropped", call.routing_key)
    return False


def _staleness(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _invalid(f"the header {MAX_STALENESS} is no number of milliseconds", MAX_STALENESS)
    return value / 1000


def _request(method: Method, body: bytes) -> msgspec.Struct:
    if len(body) > MAX_BODY:
        raise _invalid(f"the request has {len(body)} bytes, more than {MAX_BODY}", "$")
    try:
        return msgspec.json.decode(body, type=method.request)
    except msgspec.ValidationError as error:
        place = place_of(error)
        text = f"the request is no valid {method.request.__name__}: see {place}"
        raise _invalid(text, place) from None
    except msgspec.DecodeError:
        raise _invalid("the request is no JSON", "$") from None


def _invalid(message: str, field: str) -> RemoteError:
    return RemoteError("rpc.invalid_request", message, detail={"field": field})


def _error(call: _Call, body: ErrorBody) -> tuple[BasicProperties, bytes]:
    return _properties(call, ERROR, None), msgspec.json.encode(body)


def _properties(call: _Call, kind: str, headers: dict[str, Any] | None) -> BasicProperties:
    return BasicProperties(
        content_type=CONTENT_TYPE,
        type=kind,
        correlation_id=call.properties.correlation_id,
        headers=headers,
    )


def _finish(call: _Call, answer: tuple[BasicProperties, bytes] | None, channel: Channel) -> None:
    if answer is not None:
        properties, body = answer
        channel.basic_publish("", call.properties.reply_to or "", body, properties)
    channel.basic_ack(call.tag)
