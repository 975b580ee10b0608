"""Calling: one connection and one channel serve any number of threads at once.

Each call ends in exactly one way, never later than its deadline: with the reply, with the
server's error, or with ``rpc.no_server`` (at once), ``rpc.connection_lost`` (at once, for all
pending calls) or ``rpc.deadline_exceeded``.
"""

import logging
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final, Generic, TypeVar

import msgspec
from pika import BasicProperties, spec
from pika.channel import Channel

from midspan.kernel.errors import MidspanError, RemoteError
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.envelope import CONTENT_TYPE, DEADLINE, TRACEPARENT
from shared_services.messaging.properties import Template
from shared_services.messaging.rpc.wire import (
    AS_OF,
    DIRECT_REPLY_TO,
    ERROR,
    MAX_STALENESS,
    ErrorBody,
)
from shared_services.messaging.session import ChannelSession
from shared_services.messaging.topology import Declaration, Topology
from shared_services.messaging.wire import UNENCODABLE, Properties, Wire

_SWEEP_SECONDS: Final = 0.02

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A reply and the time of the data it was made from, where the server tells it."""

    value: T
    as_of: datetime | None


Done = Callable[[Reply[Any] | RemoteError], None]
_Request = tuple[str, str, Properties, bytes]


class _Waiting:
    """A call whose caller sleeps on ``wait``."""

    __slots__ = ("_arrived", "delivery", "error")

    def __init__(self) -> None:
        self._arrived = threading.Lock()
        self._arrived.acquire()
        self.delivery: Delivery | None = None
        self.error: RemoteError | None = None

    def wait(self, seconds: float) -> bool:
        return self._arrived.acquire(timeout=max(seconds, 0.0))

    def answer(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self._arrived.release()

    def fail(self, error: RemoteError) -> None:
        self.error = error
        self._arrived.release()


@dataclass(slots=True)
class _Told:
    """A call whose caller is told by a function, in the connection's thread."""

    method: Method
    done: Done
    timeout: float
    ends: float

    def answer(self, delivery: Delivery) -> None:
        try:
            outcome: Reply[Any] | RemoteError = _read(self.method, delivery)
        except RemoteError as error:
            outcome = error
        self._tell(outcome)

    def fail(self, error: RemoteError) -> None:
        self._tell(error)

    def _tell(self, outcome: Reply[Any] | RemoteError) -> None:
        try:
            self.done(outcome)
        except Exception:
            log.exception("%s: what was to be told of an answer failed", self.method.routing_key)


class RpcClient(ChannelSession):
    """Calls the methods of shared services over ``connection``; safe for many threads."""

    def __init__(self, connection: Connection, topology: Topology) -> None:
        super().__init__(connection, Declaration((topology.rpc,)))
        self._exchange = topology.rpc.name
        self._ids = count(1)
        self._pending: dict[str, _Waiting | _Told] = {}
        self._posting = threading.Lock()
        self._posted: list[_Request] = []
        self._in_burst = False
        self._sweeping = self._has_told = False

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
        body = msgspec.json.encode(request)
        if not self._ready.wait(timeout):
            raise self._connection_lost()
        waiting = _Waiting()
        left = ends - time.monotonic()
        headers = _headers(traceparent, max_staleness)
        correlation_id = self._start(method, body, left, headers, waiting)
        try:
            if not waiting.wait(ends - time.monotonic()):
                raise _deadline_exceeded(method, timeout)
        finally:
            self._pending.pop(correlation_id, None)
        if waiting.error is not None:
            raise waiting.error
        return _read(method, waiting.delivery)

    def send(
        self,
        method: Method,
        request: msgspec.Struct,
        done: Done,
        *,
        timeout: float,
        traceparent: str | None = None,
        max_staleness: float | None = None,
    ) -> None:
        """Start a call and return; ``done`` is told its Reply or RemoteError, exactly once.

        It is told in the connection's thread and must not wait for anything; it may send
        again. A deadline is noticed within 20 ms. The errors are those that ``call`` raises.
        """
        told = _Told(method, done, timeout, time.monotonic() + timeout)
        if not self._ready.is_set():
            told.fail(self._connection_lost())
            return
        self._has_told = True
        headers = _headers(traceparent, max_staleness)
        self._start(method, msgspec.json.encode(request), timeout, headers, told)

    def _start(
        self,
        method: Method,
        body: bytes,
        seconds: float,
        headers: dict[str, Any],
        pending: _Waiting | _Told,
    ) -> str:
        correlation_id = str(next(self._ids))
        self._pending[correlation_id] = pending
        properties = _properties(correlation_id, seconds, headers)
        with self._posting:
            self._posted.append((correlation_id, method.routing_key, properties, body))
            wake = len(self._posted) == 1 and not self._in_burst
        if wake and not self._connection.call(self._send_posted):
            self._send_posted()
        return correlation_id

    def _set_up(self, channel: Channel, wire: Wire) -> None:
        channel.add_on_return_callback(self._on_return)
        wire.consume(DIRECT_REPLY_TO, self._on_replies, auto_ack=True)

    def _on_lost(self, _error: MidspanError) -> None:
        while self._pending:
            _, pending = self._pending.popitem()
            pending.fail(self._connection_lost())

    def _send_posted(self) -> None:
        with self._posting:
            posted, self._posted = self._posted, []
            self._in_burst = False
        wire = self._wire
        if wire is None:
            for correlation_id, *_ in posted:
                self._fail(correlation_id, self._connection_lost())
            return
        for correlation_id, routing_key, properties, body in posted:
            self._publish(wire, correlation_id, routing_key, properties, body)
        wire.flush()
        self._begin_sweeping()

    def _publish(
        self,
        wire: Wire,
        correlation_id: str,
        routing_key: str,
        properties: Properties,
        body: bytes,
    ) -> None:
        try:
            wire.publish(self._exchange, routing_key, properties, body, mandatory=True)
        except UNENCODABLE:
            lost = not wire.is_open
            error = self._connection_lost() if lost else _unsendable(routing_key)
            self._fail(correlation_id, error)

    def _on_replies(self, deliveries: list[Delivery]) -> None:
        """Answer the callers; what they send meanwhile goes out together."""
        with self._posting:
            self._in_burst = True
        for delivery in deliveries:
            try:
                correlation_id = delivery.properties.correlation_id
            except MidspanError:
                continue  # nobody can be told; its caller's deadline ends the call
            pending = self._pending.pop(correlation_id or "", None)
            if pending is not None:  # else its caller has stopped waiting
                pending.answer(delivery)
        self._send_posted()

    def _begin_sweeping(self) -> None:
        if self._has_told and not self._sweeping:
            self._sweeping = self._connection.call_later(_SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """End the calls of ``send`` whose time is up; callers of ``call`` wait for themselves."""
        self._sweeping = self._has_told = False
        now = time.monotonic()
        for correlation_id, pending in list(self._pending.items()):
            if isinstance(pending, _Waiting):
                continue
            if pending.ends > now:
                self._has_told = True
            else:
                self._fail(correlation_id, _deadline_exceeded(pending.method, pending.timeout))
        self._begin_sweeping()

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


def _properties(correlation_id: str, seconds: float, headers: dict[str, Any]) -> Properties:
    milliseconds = max(int(seconds * 1000), 1)
    deadline = int(time.time() * 1000) + milliseconds
    if not headers:
        raw = _PLAIN_CALL.raw(correlation_id, str(milliseconds))
        return raw[:_DEADLINE_AT] + _I64.pack(deadline) + raw[_DEADLINE_AT + _I64.size :]
    return _call_properties(correlation_id, str(milliseconds), headers | {DEADLINE: deadline})


def _call_properties(
    correlation_id: str, expiration: str, headers: dict[str, Any]
) -> BasicProperties:
    return BasicProperties(
        content_type=CONTENT_TYPE,
        correlation_id=correlation_id,
        reply_to=DIRECT_REPLY_TO,
        expiration=expiration,
        headers=headers,
    )


# A call without further headers differs from the next in three places; the rest is encoded once.
_I64 = struct.Struct(">q")
_SOME_DEADLINE = 1 << 40
_PLAIN_CALL = Template(_call_properties(Template.MARK, Template.MARK, {DEADLINE: _SOME_DEADLINE}))
_DEADLINE_AT = _PLAIN_CALL.raw("", "").index(_I64.pack(_SOME_DEADLINE))


def _deadline_exceeded(method: Method, timeout: float) -> RemoteError:
    return RemoteError(
        "rpc.deadline_exceeded",
        f"{method.routing_key} did not answer within {timeout:g} s",
        retryable=True,
    )


def _unsendable(routing_key: str) -> RemoteError:
    return RemoteError(
        "rpc.invalid_request", f"the call of {routing_key} cannot be carried by AMQP"
    )


def _read(method: Method, delivery: Delivery | None) -> Reply[Any]:
    try:
        if delivery is None:
            raise _invalid_reply(method)
        properties = delivery.properties
        if properties.type == ERROR:
            raise msgspec.json.decode(delivery.body, type=ErrorBody).as_error()
        value = msgspec.json.decode(delivery.body, type=method.reply)
        as_of = (properties.headers or {}).get(AS_OF)
        return Reply(value, datetime.fromisoformat(as_of) if as_of else None)
    except (msgspec.DecodeError, ValueError, TypeError):
        raise _invalid_reply(method) from None


def _invalid_reply(method: Method) -> RemoteError:
    return RemoteError(
        "rpc.invalid_reply", f"the answer to {method.routing_key} is not what the contract says"
    )
