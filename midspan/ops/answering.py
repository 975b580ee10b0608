"""A center's methods as a server's table: store, freshness, metrics and trace around handlers.

Each answer says of when the center's data is. Calls of one method that arrive together are
answered by one query where the center has a handler for that.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from msgspec import Struct
from sqlalchemy import func, select

from midspan.kernel.errors import MidspanError
from midspan.ops.metrics import Metrics
from midspan.store.engine import Store
from midspan.sync.centers import Center
from shared_services.contracts.freshness import require_fresh
from shared_services.contracts.methods import Method
from shared_services.messaging.context import Work, working
from shared_services.messaging.rpc import Context, Many, Table

_AS_OF_SECONDS: Final = 2.0
_OK: Final = "ok"

Asked = Sequence[tuple[Struct, Context]]
Answers = Sequence[Struct | MidspanError]


class Freshness:
    """The time of the oldest data a center may answer with, asked for every few seconds."""

    def __init__(self, center: Center, store: Store) -> None:
        self._cursor = next(iter(center.models.values())).state.cursor
        self._store = store
        self._read_at = -_AS_OF_SECONDS
        self._value: datetime | None = None

    def as_of(self, now: float) -> datetime | None:
        """Return the least recent sync's source time; None before the first sync."""
        if now - self._read_at > _AS_OF_SECONDS:
            with self._store.read() as connection:
                self._value = connection.execute(select(func.min(self._cursor.c.as_of))).scalar()
            self._read_at = now
        return self._value

    def age(self) -> float:
        """Return how old the data is, in seconds; not a number before the first sync."""
        as_of = self.as_of(time.monotonic())
        return (datetime.now(UTC) - as_of).total_seconds() if as_of else float("nan")


def center_table(center: Center, store: Store, metrics: Metrics | None = None) -> Table:
    """Return the methods of a center over its store."""
    answering = _Answering(center, store, metrics or Metrics())
    together = {method.routing_key: handler for method, handler in center.rpc_many.items()}
    table: dict[str, tuple[Method, Callable[..., Struct] | Many]] = {}
    for method, handler in center.rpc.items():
        key = method.routing_key
        if key in together:
            table[key] = (method, Many(partial(answering.many, method, together[key])))
        else:
            table[key] = (method, partial(answering.one, method, handler))
    return table


class _Answering:
    """Runs a center's handlers."""

    def __init__(self, center: Center, store: Store, metrics: Metrics) -> None:
        self._center = center.name
        self._store = store
        self._metrics = metrics
        self._freshness = Freshness(center, store)
        metrics.watch_age(center.name, self._freshness.age)

    def one(
        self, method: Method, handler: Callable[..., Struct], request: Struct, context: Context
    ) -> Struct:
        began, code = time.monotonic(), "rpc.internal"
        try:
            with working(_work(context)):
                if isinstance(stale := self._stale([context])[0], MidspanError):
                    raise stale
                with self._store.read() as connection:
                    reply = handler(connection, request)
            code = _OK
        except MidspanError as error:
            code = error.code
            raise
        finally:
            self._count(method, [code], time.monotonic() - began)
        return reply

    def many(self, method: Method, handler: Callable[..., Answers], asked: Asked) -> Answers:
        """Answer calls of one method by one run of its handler, in the first one's trace."""
        began, codes = time.monotonic(), ["rpc.internal"] * len(asked)
        try:
            answers = self._stale([context for _, context in asked])
            fresh = [index for index, error in enumerate(answers) if error is None]
            if fresh:
                work = _work(asked[fresh[0]][1])
                with working(work), self._store.read(once=True) as connection:
                    found = handler(connection, [asked[index][0] for index in fresh])
                for index, answer in zip(fresh, found, strict=True):
                    answers[index] = answer
            codes = [one.code if isinstance(one, MidspanError) else _OK for one in answers]
        except MidspanError as error:
            codes = [error.code] * len(asked)
            raise
        finally:
            self._count(method, codes, time.monotonic() - began)
        return answers  # type: ignore[return-value]  # each of them is filled

    def _stale(self, contexts: Sequence[Context]) -> list[Struct | MidspanError | None]:
        """Say in each context of when the data is; return errors where that is too old."""
        # Asked for first: a sync that applies meanwhile makes the reply newer than it says.
        as_of, now = self._freshness.as_of(time.monotonic()), datetime.now(UTC)
        found: list[Struct | MidspanError | None] = []
        for context in contexts:
            context.as_of = as_of
            try:
                require_fresh(as_of, context.max_staleness, now)
                found.append(None)
            except MidspanError as error:
                found.append(error)
        return found

    def _count(self, method: Method, codes: Sequence[str], seconds: float) -> None:
        self._metrics.rpc_seconds.labels(self._center, method.routing_key).observe(seconds)
        for code in set(codes):
            counter = self._metrics.rpc_calls.labels(self._center, method.routing_key, code)
            counter.inc(codes.count(code))


def _work(context: Context) -> Work:
    return Work(context.traceparent, context.deadline, correlation_id=context.correlation_id)
