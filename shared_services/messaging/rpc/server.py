"""Serving: a table of methods, each handled in a worker thread, each answered once.

Work whose deadline has passed is dropped, and only the broker's own direct reply addresses
are answered. A request that is no valid request is told which field is wrong; an unexpected
exception is logged here with its traceback and reaches the caller as ``rpc.internal`` without
its text. A call is acknowledged with its answer, so that one whose server dies goes to the
next server while its deadline lasts.

A method is handled in one of three ways, which its entry in the table says:

``function``          in a worker thread, one call at a time, ``workers`` calls at once
``Many(function)``    calls that arrive together by one call of the function, in one thread
``Inline(function)``  at once in the connection's thread, for what never waits for anything

When more than ``max_waiting`` calls wait, the next ones are refused with ``rpc.overloaded`` and
the seconds after which to try again.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

import msgspec
from pika import BasicProperties

from midspan.kernel.errors import MidspanError, RemoteError
from shared_services.contracts.methods import Method
from shared_services.messaging.connection import Connection
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.envelope import (
    CONTENT_TYPE,
    DEADLINE,
    MAX_BODY,
    TRACEPARENT,
    place_of,
)
from shared_services.messaging.properties import Template
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
from shared_services.messaging.wire import Properties, Wire
from shared_services.messaging.workers import Pace, WorkerPool

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
Asked = Sequence[tuple[Any, Context]]


@dataclass(frozen=True, slots=True)
class Many:
    """Answers calls that arrived together: one reply, or error to tell, for each of them."""

    function: Callable[[Asked], Sequence[msgspec.Struct | MidspanError]]
    at_most: int = 500


@dataclass(frozen=True, slots=True)
class Inline:
    """Answers a call in the connection's thread: for what computes shortly and never waits."""

    function: Handler


Table = Mapping[str, tuple[Method, Handler | Many | Inline]]


Answer = tuple[Properties, bytes]


@dataclass(slots=True)
class _Call:
    """A request in hand."""

    wire: Wire
    delivery: Delivery
    routing_key: str
    answer: Answer | None = None


class RpcServer(ConsumingSession):
    """Serves ``table`` (routing key → method and handler) on the queue of ``center``."""

    def __init__(
        self,
        connection: Connection,
        topology: Topology,
        center: str,
        table: Table,
        *,
        prefetch: int = 512,
        workers: int = 4,
        max_waiting: int = 256,
    ) -> None:
        service = topology.service(center, tuple(table))
        super().__init__(connection, service.declaration, service.queue.name, prefetch=prefetch)
        self._table = table
        self._max_waiting = max_waiting
        self._pool = WorkerPool(workers, f"serve-{center}")
        self._together = WorkerPool(1, f"serve-{center}-many")
        self._gathered: dict[str, deque[_Call]] = {
            key: deque() for key, (_, handler) in table.items() if isinstance(handler, Many)
        }
        self._pace = Pace()

    def stop(self, timeout: float = 10.0) -> bool:
        """Take no more calls, answer those in hand; False when some did not end in time.

        Also those not begun are answered: with the last server goes the queue, and they
        could not be handed back.
        """
        ends = time.monotonic() + timeout
        self._stop_consuming()
        pools = (self._pool, self._together)
        finished = [
            pool.stop(max(ends - time.monotonic(), 0.0), finish_waiting=True) for pool in pools
        ]
        self.end()
        return all(finished)

    @property
    def waiting(self) -> int:
        """Return how many calls were taken and not begun."""
        return self._pool.waiting + sum(map(len, self._gathered.values()))

    def _on_burst(self, wire: Wire, deliveries: list[Delivery]) -> None:
        tasks: list[Callable[[], None]] = []
        done: list[_Call] = []
        room = self._max_waiting - self.waiting
        for delivery in deliveries:
            call = _Call(wire, delivery, delivery.routing_key)
            _, handler = self._table.get(call.routing_key, (None, None))
            if isinstance(handler, Inline) or room <= 0:
                self._serve_at_once(call, handler)
                done.append(call)
                continue
            room -= 1
            if isinstance(handler, Many):
                self._gather(call, handler)
            else:
                tasks.append(partial(self._serve, call))
        self._pool.submit(*tasks)
        if done:
            self._hand_back(wire, partial(_finish, done))

    def _serve_at_once(self, call: _Call, handler: Handler | Many | Inline | None) -> None:
        if not _answerable(call):
            return
        if isinstance(handler, Inline):
            call.answer = self._answer(call, handler.function)
        else:
            call.answer = _error(call, error_body(self._overloaded(call)))

    def _overloaded(self, call: _Call) -> RemoteError:
        return RemoteError(
            "rpc.overloaded",
            f"the server has too many calls waiting to take {call.routing_key}",
            retryable=True,
            detail={"retry_after": self._pace.seconds_for(self.waiting)},
        )

    def _gather(self, call: _Call, handler: Many) -> None:
        gathered = self._gathered[call.routing_key]
        gathered.append(call)
        if len(gathered) == 1:
            self._together.submit(partial(self._serve_many, call.routing_key, handler))

    def _serve(self, call: _Call) -> None:
        began = time.monotonic()
        if _answerable(call):
            call.answer = self._answer(call)
        self._pace.took(time.monotonic() - began, 1)
        self._hand_back(call.wire, partial(_finish, [call]))

    def _serve_many(self, routing_key: str, handler: Many) -> None:
        """Answer what has gathered; calls that come meanwhile are the next ones."""
        gathered, calls = self._gathered[routing_key], list[_Call]()
        while gathered and len(calls) < handler.at_most:
            calls.append(gathered.popleft())
        if gathered:
            self._together.submit(partial(self._serve_many, routing_key, handler))
        began = time.monotonic()
        asked = [
            (call, *read)
            for call in calls
            if _answerable(call) and (read := self._read(call)) is not None
        ]
        if asked:
            self._answer_many(handler, asked)
        self._pace.took(time.monotonic() - began, len(calls))
        for wire in {id(call.wire): call.wire for call in calls}.values():
            self._hand_back(wire, partial(_finish, [call for call in calls if call.wire is wire]))

    def _read(self, call: _Call) -> tuple[Any, Context] | None:
        """Return a call's request; one that is not to be handled is answered here, if at all."""
        try:
            context = self._context(call)
            if context.seconds_left <= 0:
                return None
            return _request(context.method, call.delivery.body), context
        except MidspanError as error:
            call.answer = _error(call, error_body(error))
            return None

    def _answer_many(self, handler: Many, asked: Sequence[tuple[_Call, Any, Context]]) -> None:
        try:
            replies = handler.function([(request, context) for _, request, context in asked])
            for (call, _, context), reply in zip(asked, replies, strict=True):
                if isinstance(reply, MidspanError):
                    call.answer = _error(call, error_body(reply))
                else:
                    call.answer = _reply(call, context, reply)
        except MidspanError as error:
            for call, _, _ in asked:
                call.answer = _error(call, error_body(error))
        except Exception:
            log.exception("%s: the handler failed", asked[0][0].routing_key)
            for call, _, _ in asked:
                call.answer = _internal(call)

    def _answer(self, call: _Call, function: Handler | None = None) -> Answer | None:
        """Return the answer, or None for work whose time has passed."""
        try:
            read = self._read(call)
            if read is None:
                return call.answer
            handler = function or self._table[call.routing_key][1]
            return _reply(call, read[1], handler(*read))  # type: ignore[operator]  # a function
        except MidspanError as error:
            return _error(call, error_body(error))
        except Exception:
            log.exception("%s: the handler failed", call.routing_key)
            return _internal(call)

    def _context(self, call: _Call) -> Context:
        if call.routing_key not in self._table:
            raise RemoteError("rpc.unknown_method", f"there is no method {call.routing_key} here")
        headers = call.delivery.properties.headers or {}
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
            correlation_id=call.delivery.properties.correlation_id,
        )


def _answerable(call: _Call) -> bool:
    """Whether the call says where to answer; its properties can be read then."""
    try:
        properties = call.delivery.properties
        reply_to = properties.reply_to
        if (
            isinstance(reply_to, str)
            and reply_to.startswith(f"{DIRECT_REPLY_TO}.")
            and properties.correlation_id
        ):
            return True
    except MidspanError as error:
        log.warning("%s: a call was dropped: %s", call.routing_key, error)
        return False
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


def _reply(call: _Call, context: Context, reply: msgspec.Struct) -> Answer:
    return _properties(call, REPLY, context.as_of), msgspec.json.encode(reply)


def _error(call: _Call, body: ErrorBody) -> Answer:
    return _properties(call, ERROR, None), msgspec.json.encode(body)


def _internal(call: _Call) -> Answer:
    """Answer for an exception that is told to the log alone."""
    message = f"{call.routing_key} failed for a reason that its server has logged"
    return _error(call, ErrorBody(code="rpc.internal", message=message))


def _properties(call: _Call, kind: str, as_of: datetime | None) -> Properties:
    correlation_id = call.delivery.properties.correlation_id
    if isinstance(correlation_id, str):
        return _template(kind, as_of).raw(correlation_id)
    return _answer_properties(kind, as_of, correlation_id)


@lru_cache(maxsize=64)
def _template(kind: str, as_of: datetime | None) -> Template:
    """Return an answer's properties without its call: the same until the next sync."""
    return Template(_answer_properties(kind, as_of, Template.MARK))


def _answer_properties(
    kind: str, as_of: datetime | None, correlation_id: str | None
) -> BasicProperties:
    headers = {AS_OF: as_of.isoformat()} if as_of else None
    return BasicProperties(
        content_type=CONTENT_TYPE, type=kind, correlation_id=correlation_id, headers=headers
    )


def _finish(calls: Sequence[_Call], wire: Wire) -> list[int]:
    """Write the answers of calls; return what is to be acknowledged with them."""
    for call in calls:
        if call.answer is not None:
            wire.publish("", call.delivery.properties.reply_to or "", *call.answer)
    return [call.delivery.tag for call in calls]
