"""Calls one rpc system: logged in, through the gate, every foreign error translated.

Guarantee: whoever calls sees either the result or an error of ours. A session that ends in
the middle of a job is opened anew and the call repeated once; when the fresh session is
refused too, it is the right that is missing, not the session.
"""

import base64
import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.base import AdapterContext
from adapters.http import HttpClient, Reply, raise_for_status
from adapters.rpc.errors import ErrorTable
from adapters.rpc.spec import CallSpec, RpcSpec
from adapters.rpc.values import wrap
from adapters.rpc.wire import Fault, JsonRpc, Wire
from adapters.templates import Template, compile_template
from midspan.kernel.errors import (
    AccessDenied,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
)
from midspan.kernel.gate import Timeouts

COMMON_NAMES = frozenset({"database", "login", "password"})

_SESSION_STATUSES = frozenset({401, 403})


class Call:
    """A compiled remote call; ``extra`` names are known beside those of the session."""

    def __init__(self, spec: CallSpec, known: frozenset[str]) -> None:
        self.method = compile_template(spec.method, known)
        self.params = compile_template(spec.params, known)


class RpcClient:
    """One system's door; ``names`` are the placeholders that its calls may use."""

    def __init__(self, context: AdapterContext) -> None:
        spec: RpcSpec = context.options
        session = spec.session
        self.wire: Wire = JsonRpc(spec.version)
        self.names = COMMON_NAMES | session.take.keys() | session.base64.keys()
        self._context = context
        self._tag = spec.type_tag
        self._table = ErrorTable(spec.errors)
        self._http = HttpClient(context.connection)
        self._path = compile_template(spec.path, COMMON_NAMES)
        self._login = Call(session.login, COMMON_NAMES) if session.login else None
        self._logout = Call(session.logout, self.names) if session.logout else None
        self._take = session.take
        self._encoded = _compiled(session.base64, COMMON_NAMES | session.take.keys())
        self._headers = _compiled(session.headers, self.names)
        self._session: Mapping[str, Any] | None = None
        self._clock: tuple[datetime, float] | None = None

    def call(self, call: Call, values: Mapping[str, Any], subject: str) -> bytes:
        """Return the bytes of the call's result; ``subject`` names the call in messages."""
        fresh = self._session is None
        try:
            return self._pass_gate(call, values, subject)
        except SessionExpired as error:
            self._session = None
            if fresh or self._login is None:
                raise self._denied(subject) from error
        try:
            return self._pass_gate(call, values, subject)
        except SessionExpired as error:
            self._session = None
            raise self._denied(subject) from error

    def enter(self) -> None:
        """Log in unless that is done."""
        if self._session is not None:
            return
        taken: dict[str, Any] = {}
        if self._login is not None:
            result = self._context.gate.call(self._context.lane, self._log_in)
            for name, path in self._take.items():
                taken[name] = _walk(result, path)
        values = {**self._common(), **taken}
        self._session = taken | {
            name: base64.b64encode(template.render(values).encode()).decode()
            for name, template in self._encoded.items()
        }

    def now(self) -> datetime | None:
        """Return the system's clock as its last reply told it, carried on to this moment."""
        if self._clock is None:
            self.enter()
        if self._clock is None:
            return None
        told, at = self._clock
        return told + timedelta(seconds=time.monotonic() - at)

    def close(self) -> None:
        """Log out where the system knows how, and close the connection; never raises."""
        if self._logout is not None and self._session is not None:
            self._context.gate.call(self._context.lane, self._log_out)
        self._session = None
        self._http.close()

    def _pass_gate(self, call: Call, values: Mapping[str, Any], subject: str) -> bytes:
        self.enter()
        everything = {**self._common(), **(self._session or {}), **values}
        headers = self._render_headers(everything)

        def operation(timeouts: Timeouts) -> bytes:
            reply = self._send(call, everything, headers, timeouts)
            if reply.status in _SESSION_STATUSES:
                raise SessionExpired("rpc.expired", f"the session ended at {subject}")
            return self._result(reply, subject)

        return self._context.gate.call(self._context.lane, operation)

    def _log_in(self, timeouts: Timeouts) -> Any:
        assert self._login is not None  # noqa: S101 only called where there is one
        reply = self._send(self._login, self._common(), {}, timeouts)
        if reply.status in _SESSION_STATUSES:
            raise self._login_refused()
        try:
            result = self.wire.decode(self._result(reply, "the login"))
        except SessionExpired as error:
            raise self._login_refused() from error
        except RecordError as error:
            raise ProtocolError("rpc.session", "the login's result cannot be read") from error
        if result is None or result is False:
            raise self._login_refused()
        return result

    def _log_out(self, timeouts: Timeouts) -> None:
        assert self._logout is not None  # noqa: S101 only called where there is one
        values = {**self._common(), **(self._session or {})}
        try:
            self._send(self._logout, values, self._render_headers(values), timeouts)
        except MidspanError:
            # The session ends by itself; what was read is not worth less for it.
            return

    def _send(
        self, call: Call, values: Mapping[str, Any], headers: Mapping[str, str], timeouts: Timeouts
    ) -> Reply:
        body = self.wire.request(
            call.method.render(values), wrap(call.params.render(values), self._tag)
        )
        path = self._path.render(self._common()).lstrip("/")
        reply = self._http.exchange(
            "POST",
            f"{self._context.connection.base_url}/{path}",
            timeouts,
            headers={"Content-Type": self.wire.content_type, **headers},
            body=body,
        )
        if reply.date is not None:
            self._clock = reply.date, time.monotonic()
        return reply

    def _result(self, reply: Reply, subject: str) -> bytes:
        raise_for_status(reply)
        try:
            return self.wire.result(reply.body)
        except Fault as fault:
            raise self._table.error(fault.text, subject) from None

    def _common(self) -> dict[str, Any]:
        connection = self._context.connection
        return {
            "database": connection.schema,
            "login": connection.login,
            "password": connection.password.reveal(),
        }

    def _render_headers(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {name: template.render(values) for name, template in self._headers.items()}

    def _login_refused(self) -> AccessDenied:
        conn_id = self._context.connection.conn_id
        return AccessDenied(
            "rpc.login",
            f"'{self._context.system}' refused the login",
            remedy=f"Check login, password and schema of the connection '{conn_id}'",
        )

    @staticmethod
    def _denied(subject: str) -> AccessDenied:
        return AccessDenied(
            "rpc.denied",
            f"{subject} was refused to a session that is fresh",
            remedy="Grant it to the connection's user, and check the method's name",
        )


def _compiled(templates: Mapping[str, str], known: frozenset[str]) -> dict[str, Template]:
    return {name: compile_template(text, known) for name, text in templates.items()}


def _walk(result: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        try:
            result = result[int(name) if re.fullmatch(r"\d+", name) else name]
        except (KeyError, IndexError, TypeError):
            raise ProtocolError(
                "rpc.session",
                f"the login's result holds nothing at '{path}'",
                remedy="Correct session.take",
            ) from None
    return result


def decode_count(wire: Wire, result: bytes) -> int:
    """Return the number that a count call answered."""
    try:
        value = wire.decode(result)
    except RecordError:
        value = None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ProtocolError(
            "rpc.count", "the count is not a whole number", remedy="Correct the system's 'count'"
        )
    return value
