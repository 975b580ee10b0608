"""Calling: one connection and one channel serve any number of threads at once.

Each call ends in exactly one way, never later than its deadline: with the reply, with the
server's error, or with ``rpc.no_server`` (at once), ``rpc.connection_lost`` (at once, for all
pending calls) or ``rpc.deadline_exceeded``.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar

import msgspec
from pika import BasicProperties, spec
from pika.channel import Channel

from midspan.kernel.errors import MidspanError, RemoteError
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.envelope import CONTENT_TYPE, DEADLINE, TRACEPARENT
from shared_services.messaging.rpc.wire import (
    AS_OF,
    DIRECT_REPLY_TO,
    ERROR,
    MAX_STALENESS,
    ErrorBody,
)
from shared_services.messaging.session import ChannelSession
from shared_services.messaging.topology import Declaration, Topology

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A reply and the time of the data it was made from, where the server tells it."""

    value: T
    as_of: datetime | None


class _Pending:
    """One call under way; its caller sleeps on ``wait``."""

    __slots__ = ("_arrived", "body", "error", "properties")

    def __init__(self) -> None:
        self._arrived = threading.Lock()
        self._arrived.acquire()
        self.properties: BasicProperties | None = None
        self.body = b""
        self.error: RemoteError | None = None

    def wait(self, seconds: float) -> bool:
        return self._arrived.acquire(timeout=max(seconds, 0.0))

    def answer(self, properties: BasicProperties, body: bytes) -> None:
        self.properties, self.body = properties, body
        self._arrived.release()

    def fail(self, error: RemoteError) -> None:
        self.error = error
        self._arrived.release()


class RpcClient(ChannelSession):
    """Calls the methods of shared services over ``connection``; safe for many threads."""

    def __init__(self, connection: Connection, topology: Topology) -> None:
        super().__init__(connection, Declaration((topology.rpc,)))
        self._exchange = topology.rpc.name
        self._ids = count(1)
        self._pending: dict[str, _Pending] = {}

    def call(
        self,
        method: Method,
        request: msgspec.Struct,
        *,
        timeout: float,
        traceparent: str | None = None,
        max_staleness: float | None = None,
    ) -> Reply[Any]:
        """Return the reply, its value of the type ``method.reply``.

        ``max_staleness`` (seconds) is how old the data may be that it is made from.
        Raises RemoteError with the server's code, or ``rpc.no_server``,
        ``rpc.connection_lost``, ``rpc.deadline_exceeded`` or ``rpc.invalid_reply``.
        """
        ends = time.monotonic() + timeout
        correlation_id = str(next(self._ids))
        body = msgspec.json.encode(request)
        if not self._ready.wait(timeout):
            raise self._connection_lost()
        headers = _headers(traceparent, max_staleness)
        properties = _properties(correlation_id, ends - time.monotonic(), headers)
        pending = self._pending[correlation_id] = _Pending()
        send = partial(self._send, method, correlation_id, properties, body)
        try:
            if not self._connection.call(send):
                raise self._connection_lost()
            if not pending.wait(ends - time.monotonic()):
                raise _deadline_exceeded(method, timeout)
        finally:
            self._pending.pop(correlation_id, None)
        return _read(method, pending)

    def _set_up(self, channel: Channel) -> None:
        channel.add_on_return_callback(self._on_return)
        channel.basic_consume(DIRECT_REPLY_TO, self._on_reply, auto_ack=True)

    def _on_lost(self, _error: MidspanError) -> None:
        while self._pending:
            _, pending = self._pending.popitem()
            pending.fail(self._connection_lost())

    def _send(
        self, method: Method, correlation_id: str, properties: BasicProperties, body: bytes
    ) -> None:
        if self._channel is None:
            self._fail(correlation_id, self._connection_lost())
            return
        self._channel.basic_publish(
            self._exchange, method.routing_key, body, properties, mandatory=True
        )

    def _on_reply(
        self, _channel: Channel, _method: object, properties: BasicProperties, body: bytes
    ) -> None:
        pending = self._pending.pop(properties.correlation_id or "", None)
        if pending is not None:  # else its caller has stopped waiting
            pending.answer(properties, body)

    def _on_return(
        self, _channel: Channel, method: spec.Basic.Return, properties: BasicProperties, _: bytes
    ) -> None:
        error = RemoteError(
            "rpc.no_server",
            f"no server takes calls of {method.routing_key} at present",
            retryable=True,
        )
        self._fail(properties.correlation_id or "", error)

    def _fail(self, correlation_id: str, error: RemoteError) -> None:
        pending = self._pending.pop(correlation_id, None)
        if pending is not None:
            pending.fail(error)

    def _connection_lost(self) -> RemoteError:
        return RemoteError(
            "rpc.connection_lost",
            f"the connection to the broker at {self._connection.address} was lost",
            retryable=True,
        )


def _headers(traceparent: str | None, max_staleness: float | None) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if traceparent is not None:
        headers[TRACEPARENT] = traceparent
    if max_staleness is not None:
        headers[MAX_STALENESS] = round(max_staleness * 1000)
    return headers


def _properties(correlation_id: str, seconds: float, headers: dict[str, Any]) -> BasicProperties:
    milliseconds = max(int(seconds * 1000), 1)
    headers[DEADLINE] = int(time.time() * 1000) + milliseconds
    return BasicProperties(
        content_type=CONTENT_TYPE,
        correlation_id=correlation_id,
        reply_to=DIRECT_REPLY_TO,
        expiration=str(milliseconds),
        headers=headers,
    )


def _deadline_exceeded(method: Method, timeout: float) -> RemoteError:
    return RemoteError(
        "rpc.deadline_exceeded",
        f"{method.routing_key} did not answer within {timeout:g} s",
        retryable=True,
    )


def _read(method: Method, pending: _Pending) -> Reply[Any]:
    if pending.error is not None:
        raise pending.error
    properties = pending.properties
    try:
        if properties is None or properties.type == ERROR:
            raise msgspec.json.decode(pending.body, type=ErrorBody).as_error()
        value = msgspec.json.decode(pending.body, type=method.reply)
        as_of = (properties.headers or {}).get(AS_OF)
        return Reply(value, datetime.fromisoformat(as_of) if as_of else None)
    except (msgspec.DecodeError, ValueError, TypeError):
        raise RemoteError(
            "rpc.invalid_reply",
            f"the answer to {method.routing_key} is not what the contract says",
        ) from None
