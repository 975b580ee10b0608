"""Logs in when a call needs it, and again when the session ends in the middle of a job.

Guarantee: a call that meets an ended session is repeated once with a new one, so that the
caller never sees the end. Each remote call, logins too, passes the gate on its own. Neither
password nor session id leaves this module but in a request.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.base import AdapterContext
from adapters.soap.spec import LoginSpec, SystemSpec
from adapters.templates import Template, compile_template
from midspan.kernel.errors import MidspanError, ProtocolError, SessionExpired

if TYPE_CHECKING:
    from lxml.etree import _Element

    from adapters.soap.service import Service

_LOG = logging.getLogger(__name__)
_LOGIN_NAMES = ("login", "password", "schema")


class Session:
    """A conversation with one system; also for systems that know no login."""

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        options: SystemSpec = context.options
        self._login: LoginSpec | None = options.login
        self._login_arguments = compile_template(
            options.login and options.login.arguments, _LOGIN_NAMES
        )
        logout = options.login and options.login.logout
        self._logout = logout
        self._logout_arguments = compile_template(logout and logout.arguments, ("session",))
        self._headers = compile_template(options.headers, ("session",))
        self._service: Service | None = None
        self._begun = False
        self._id = ""

    @property
    def service(self) -> "Service":
        """The service; zeep and lxml are imported here, when first needed."""
        if self._service is None:
            from adapters.soap.service import Service

            self._service = Service(self._context)
        return self._service

    def call(self, operation: str, arguments: Template, values: Mapping[str, Any]) -> "_Element":
        """Return the payload of a reply that is no error.

        ``values`` are those of the template without ``session``. Raises SessionExpired only
        when a session that was begun for this very call is refused too.
        """
        self.service.prepare()
        if self._begun:
            try:
                return self._send(operation, arguments, values)
            except SessionExpired:
                _LOG.info("%s: the session ended, logging in again", self._context.system)
        self.login()
        return self._send(operation, arguments, values)

    def login(self) -> None:
        """Begin a session, if the system wants one."""
        self.service.prepare()
        if self._login is None:
            return
        login, connection = self._login, self._context.connection
        password = connection.password.reveal()
        known = {"login": connection.login, "password": password, "schema": connection.schema}
        arguments = self._login_arguments.render(known) or {}
        payload = self._context.gate.call(
            self._context.lane,
            lambda timeouts: self.service.call(
                login.operation, arguments, timeouts, secrets=(password,)
            ),
        )
        self._id = _session_id(payload, login)
        self._begun = True

    def close(self) -> None:
        """End the session and the connections; never raises."""
        if self._service is None:
            return
        try:
            if self._logout and self._begun:
                self._send(self._logout.operation, self._logout_arguments, {})
        except MidspanError as error:
            _LOG.debug("%s: the logout failed (%s)", self._context.system, error.code)
        self._begun, self._id = False, ""
        self._service.close()

    def _send(self, operation: str, arguments: Template, values: Mapping[str, Any]) -> "_Element":
        known = {**values, "session": self._id}
        rendered = arguments.render(known) or {}
        headers = self._headers.render(known)
        secrets = (self._id, self._context.connection.password.reveal())
        return self._context.gate.call(
            self._context.lane,
            lambda timeouts: self.service.call(
                operation, rendered, timeouts, headers=headers, secrets=secrets
            ),
        )


def _session_id(payload: "_Element", login: LoginSpec) -> str:
    from adapters.soap import xml

    if login.session is None:
        return ""
    found = xml.find_text(payload, login.session)
    if not found:
        raise ProtocolError(
            "soap.no_session",
            f"the reply of {login.operation} holds no session id at '{login.session}'",
            remedy="Correct the path under login.session",
        )
    return found
