"""Calls one rpc system: logged in, through the gate, every foreign error translated.

Guarantee: whoever calls sees either the result or an error of ours. A session that ends in
the middle of a job is opened anew and the call repeated once; when the fresh session is
refused too, it is the right that is missing, not the session. A change is sent once: an
answer to it that is lost or cannot be read is ``UncertainWrite``.
"""

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from adapters.base import AdapterContext
from adapters.derive import MOMENT_NAMES, Derivation, moment
from adapters.rpc.calls import Call, Calling
from adapters.rpc.door import Door
from adapters.rpc.spec import CallSpec, RpcSpec, SessionSpec
from adapters.rpc.wire import Result
from adapters.templates import Template, as_text, compile_template
from adapters.writing import once
from midspan.kernel.errors import (
    AccessDenied,
    ConfigurationError,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
)
from midspan.kernel.gate import Timeouts

_DENIED = 401
_FAREWELL = 2.0
"""Seconds that a logout may take."""
_SESSION_STATUSES = frozenset({_DENIED, 403})

Operation = Callable[[Timeouts], Result]


class RpcClient:
    """One system's door."""

    def __init__(self, context: AdapterContext) -> None:
        spec: RpcSpec = context.options
        session = spec.session
        self._context = context
        self._given = _given(context)
        taken = {*session.take, *(name for step in session.before for name in step.take)}
        self._derived = Derivation(session.derive, {*self._given, *MOMENT_NAMES, *taken})
        self._names = self._derived.reach({*self._given, *MOMENT_NAMES, *taken})
        self._door = Door(context, spec)
        self._path = spec.path
        self._login = self._steps(session)
        self._logout = self.compiled(session.logout) if session.logout else None
        self._headers = {
            name: compile_template(text, self._names) for name, text in session.headers.items()
        }
        self._members = _members(spec, self._names)
        self._session: Mapping[str, Any] | None = None

    def compiled(self, spec: Calling, *names: str) -> Call:
        """Return a call that knows ``names`` besides those of the session."""
        return Call(spec, self._names | set(names), self._path)

    def call(self, call: Call, values: Mapping[str, Any], subject: str) -> Result:
        """Return the call's result; ``subject`` names the call in messages."""
        return self._with_session(lambda: self._ask(call, values, subject), subject)

    def change(self, call: Call, values: Mapping[str, Any], subject: str, stream: str) -> Result:
        """Make a change and return the call's result.

        Raises UncertainWrite where nobody knows whether it was made.
        """

        def attempt() -> Result:
            operation = self._operation(call, values, subject, writing=True)
            return self._context.gate.call(self._context.lane, once(stream, operation))

        return self._with_session(attempt, subject)

    def enter(self) -> None:
        """Log in unless that is done."""
        if self._session is not None:
            return
        taken: dict[str, Any] = {}
        for call, paths in self._login:
            ask = partial(self._log_in, call, self._values(taken))
            taken |= _taken(self._context.gate.call(self._context.lane, ask), paths)
        self._session = taken

    def now(self) -> datetime | None:
        """Return the system's clock as its last reply told it, carried on to this moment."""
        if self._door.now() is None:
            self.enter()
        return self._door.now()

    def close(self) -> None:
        """Log out where the system knows how, and close the connection; never raises.

        A call of another thread is ended by it, so that nobody waits for it to log out.
        """
        if self._logout is not None and self._session is not None and not self._door.busy:
            # The session ends by itself, too; what was read is not worth less for it.
            with suppress(MidspanError):
                self._context.gate.call(self._context.lane, self._log_out)
        self._session = None
        self._door.close()

    def _with_session(self, attempt: Callable[[], Result], subject: str) -> Result:
        fresh = self._session is None
        try:
            return attempt()
        except SessionExpired as error:
            self._session = None
            if fresh or not self._login:
                raise self._refused(error, subject) from error
        try:
            return attempt()
        except SessionExpired as error:
            self._session = None
            raise self._refused(error, subject) from error

    def _ask(self, call: Call, values: Mapping[str, Any], subject: str) -> Result:
        operation = self._operation(call, values, subject)
        return self._context.gate.call(self._context.lane, operation)

    def _operation(
        self, call: Call, values: Mapping[str, Any], subject: str, *, writing: bool = False
    ) -> Operation:
        self.enter()
        everything = {**self._values(self._session or {}), **values}
        beside = self._beside(everything)

        def operation(timeouts: Timeouts) -> Result:
            headers, members = beside
            reply = self._door.send(call.render(everything), headers, timeouts, members)
            if reply.status in _SESSION_STATUSES:
                code = "rpc.login" if reply.status == _DENIED else "rpc.expired"
                raise SessionExpired(code, f"the session ended at {subject}")
            return self._door.result(reply, subject, writing=writing)

        return operation

    def _steps(self, session: SessionSpec) -> list[tuple[Call, Mapping[str, str]]]:
        """Return the calls of a login with what is taken of each; none where there is no login."""
        steps: list[tuple[CallSpec, Mapping[str, str]]]
        steps = [(step, step.take) for step in session.before]
        steps += [(session.login, session.take)] if session.login else []
        names, made = {*self._given, *MOMENT_NAMES}, []
        for step, paths in steps:
            made.append((Call(step, self._derived.reach(names), self._path), paths))
            names |= paths.keys()
        return made

    def _values(self, taken: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all names that are known beside a call's own."""
        return self._derived.complete({**self._given, **taken, **moment()})

    def _log_in(self, call: Call, values: Mapping[str, Any], timeouts: Timeouts) -> Any:
        reply = self._door.send(call.render(values), {}, timeouts, {})
        if reply.status in _SESSION_STATUSES:
            raise self._login_refused()
        try:
            result = self._door.result(reply, "the login").value()
        except SessionExpired as error:
            raise self._login_refused() from error
        except RecordError as error:
            raise ProtocolError("rpc.session", "the login's result cannot be read") from error
        if result is None or result is False:
            raise self._login_refused()
        return result

    def _log_out(self, timeouts: Timeouts) -> None:
        assert self._logout is not None  # noqa: S101 only called where there is one
        values = self._values(self._session or {})
        headers, members = self._beside(values)
        bounds = (timeouts.connect, timeouts.read, timeouts.total)
        short = Timeouts(*(min(bound, _FAREWELL) for bound in bounds))
        self._door.send(self._logout.render(values), headers, short, members)

    def _beside(self, values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the headers and members that go with a call."""
        headers = {name: as_text(one.render(values)) for name, one in self._headers.items()}
        return headers, self._members.render(values) if self._members else {}

    def _refused(self, error: SessionExpired, subject: str) -> AccessDenied:
        if error.code == "rpc.login" and not self._login:
            return self._login_refused()
        return AccessDenied(
            "rpc.denied",
            f"{subject} was refused to a session that is fresh",
            remedy="Grant it to the connection's user, and check the method's name",
        )

    def _login_refused(self) -> AccessDenied:
        conn_id = self._context.connection.conn_id
        return AccessDenied(
            "rpc.login",
            f"'{self._context.system}' refused the login",
            remedy=f"Check login, password and schema of the connection '{conn_id}'",
        )


def _members(spec: RpcSpec, names: Collection[str]) -> Template | None:
    node = spec.session.members
    if node is None:
        return None
    if spec.protocol != "jsonrpc" or not isinstance(node.value, dict):
        problem = node.problem("config.value", "'members' is a mapping, of jsonrpc alone")
        raise ConfigurationError([problem])
    return compile_template(node, names)


def _given(context: AdapterContext) -> Mapping[str, Any]:
    connection = context.connection
    extra = {f"extra.{name}": as_text(value) for name, value in connection.extra.items()}
    return {
        "database": connection.schema,
        "login": connection.login,
        "password": connection.password.reveal(),
        **extra,
    }


def _taken(result: Any, paths: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {name: walk(result, path, "session.take") for name, path in paths.items()}
    except ProtocolError as error:
        raise ProtocolError("rpc.session", error.message, remedy=error.remedy) from error


def walk(result: Any, path: str, key: str) -> Any:
    """Return what is at ``path`` of a result; ``key`` of the YAML says so, should it not be."""
    for name in path.split(".") if path else ():
        try:
            result = result[int(name) if re.fullmatch(r"\d+", name) else name]
        except (KeyError, IndexError, TypeError):
            raise ProtocolError(
                "rpc.result",
                f"the call's result holds nothing at '{path}'",
                remedy=f"Correct {key}",
            ) from None
    return result
