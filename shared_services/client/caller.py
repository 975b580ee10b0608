"""Calls within their time, repeated where that is safe.

A method that only reads is simply called again when it failed in passing; one that does more
is called once. A missing server is still reported within a fraction of a second: there are few
repetitions, and short pauses between them, longer where an overloaded server asks for it. A call
made while another one is handled ends with that one's deadline at the latest.
"""

import random
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from midspan.kernel.errors import RemoteError
from shared_services.client.paging import slices
from shared_services.client.transport import Transport
from shared_services.contracts.methods import GetMany, Method
from shared_services.messaging.context import current_work
from shared_services.messaging.rpc import Reply

PAUSES: Final = (0.05, 0.15, 0.45)


class Caller:
    """Calls methods; ``timeout`` seconds bound all repetitions together."""

    def __init__(self, transport: Transport, timeout: float) -> None:
        self._transport = transport
        self._timeout = timeout

    def read(
        self,
        method: Method,
        request: msgspec.Struct,
        timeout: float | None,
        max_staleness: float | None = None,
    ) -> Any:
        """Return the reply's value; raise RemoteError, the last one when it was repeated."""
        return self.call(method, request, timeout, max_staleness).value

    def read_many(
        self,
        method: Method,
        ids: Sequence[int],
        fields: Sequence[str] | None,
        timeout: float | None,
        max_staleness: float | None,
    ) -> list[Any]:
        """Return the records of ``ids``, of ``fields`` alone where given; one call a slice."""
        chosen = method if fields is None else method.selecting()
        names = None if fields is None else list(fields)
        return [
            record
            for part in slices(ids)
            for record in self.read(
                chosen, GetMany(ids=part, fields=names), timeout, max_staleness
            ).items
        ]

    def call(
        self,
        method: Method,
        request: msgspec.Struct,
        timeout: float | None,
        max_staleness: float | None,
    ) -> Reply[Any]:
        """Return the reply; raise RemoteError, the last one when it was repeated."""
        ends = time.monotonic() + _bounded(self._timeout if timeout is None else timeout)
        for pause in PAUSES if method.safe else ():
            try:
                return self._once(method, request, ends, max_staleness)
            except RemoteError as error:
                seconds = _pause(error, pause)
                if not error.retryable or ends - time.monotonic() <= seconds:
                    raise
            time.sleep(seconds)
        return self._once(method, request, ends, max_staleness)

    def _once(
        self, method: Method, request: msgspec.Struct, ends: float, max_staleness: float | None
    ) -> Reply[Any]:
        left = ends - time.monotonic()
        if left <= 0:
            raise RemoteError(
                "rpc.deadline_exceeded",
                f"no time was left to call {method.routing_key}",
                retryable=True,
            )
        return self._transport.call(method, request, timeout=left, max_staleness=max_staleness)


def _pause(error: RemoteError, usual: float) -> float:
    """Return how long to wait: what the server asks for, and not as long as all others."""
    asked = error.detail.get("retry_after")
    least = float(asked) if isinstance(asked, int | float) else 0.0
    return least + usual * random.uniform(0.5, 1.0)  # noqa: S311 spreads, hides nothing


def _bounded(seconds: float) -> float:
    """Return the time that is left of the work this thread does, if that is less."""
    deadline = current_work().deadline
    return seconds if deadline is None else min(seconds, deadline - time.time())
