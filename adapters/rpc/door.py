"""One exchange with an rpc system: a call goes out, a result or an error of ours comes back.

Guarantee: every foreign error is translated here, once. The connection serves one thread at a
time, so that an adapter may be asked by several.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from adapters.base import AdapterContext
from adapters.http import HttpClient
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply
from adapters.rpc.calls import wire_of
from adapters.rpc.errors import ErrorTable
from adapters.rpc.spec import RpcSpec
from adapters.rpc.wire import Fault, Result
from midspan.kernel.errors import ProtocolError, TransientError
from midspan.kernel.gate import Timeouts

_TOLD_STATUSES = frozenset({400, 404, 405, 409, 410, 422, 423, 500})
"""Statuses whose body may say more than they do."""


class Door:
    """A system's HTTP door, in the protocol that it speaks."""

    def __init__(self, context: AdapterContext, spec: RpcSpec) -> None:
        self._base = context.connection.base_url
        self._wire = wire_of(spec)
        self._table = ErrorTable(spec.errors)
        self._http = HttpClient(context.connection)
        self._turn = Lock()
        self._clock: tuple[datetime, float] | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self._turn.locked()

    def send(
        self,
        call: tuple[str, str, Any],
        headers: Mapping[str, str],
        timeouts: Timeouts,
        members: Mapping[str, Any],
    ) -> Reply:
        """Send a call (path, method, parameters) and return the reply, whatever its status."""
        path, method, params = call
        body = self._wire.request(method, params, members)
        content = {"Content-Type": self._wire.content_type, **headers}
        with self._turn:
            reply = self._http.exchange(
                "POST", f"{self._base}/{path}", timeouts, headers=content, body=body
            )
        if reply.date is not None:
            self._clock = reply.date, time.monotonic()
        return reply

    def result(self, reply: Reply, subject: str, *, writing: bool = False) -> Result:
        """Return what a reply holds; ``subject`` names the call in messages."""
        if reply.status in _TOLD_STATUSES:
            told = self._wire.complaint(reply.body)
            if told and self._table.knows(told):
                raise self._table.error(told, subject, writing=writing)
        raise_for_status(reply)
        try:
            return self._wire.result(reply.body)
        except Fault as fault:
            raise self._table.error(fault.text, subject, writing=writing) from None
        except ProtocolError as error:
            if not writing:
                raise
            # The change was received, and what became of it cannot be read.
            raise TransientError(error.code, error.message) from error

    def now(self) -> datetime | None:
        """Return the system's clock as its last reply told it, carried on to this moment."""
        if self._clock is None:
            return None
        told, at = self._clock
        return told + timedelta(seconds=time.monotonic() - at)

    def close(self) -> None:
        """Close the connection; a call under way ends."""
        self._http.close()
