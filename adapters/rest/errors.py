"""What a reply that is no success means: the one place where it becomes a class.

Guarantee: a foreign text decides, but is never shown; a message names the host, the path, and
what a rule's group ``name`` matches. The system's own rules come first, for any status; then
those known for many systems, for errors inside a success; then the status alone.
"""

import re
from collections.abc import Collection
from typing import Any

from adapters.http_addresses import describe
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply, parse_retry_after
from adapters.rest.replies import Document
from adapters.rest.spec import ErrorRule, ResultSpec, SystemSpec
from adapters.rules import BUSY, DENIED, EXPIRED, RuleBook
from adapters.templates import as_text
from adapters.writing import no_record
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
    TransientError,
)
from midspan.kernel.writing import WriteKind

_KNOWN = (ErrorRule(EXPIRED, "expired"), ErrorRule(DENIED, "denied"), ErrorRule(BUSY, "busy"))
_LONGEST = 64 * 1024
_GONE = frozenset({404, 410})
_REFUSED = frozenset({400, 409, 412, 413, 422, 423})
_SCOPE = re.compile(r'scope="?([\w.:/ -]{1,120})')


class Nothing(Exception):
    """The reply says that there is no such record, or no record beyond; never leaves a call."""


class ErrorTable:
    """The rules of one system, compiled."""

    def __init__(self, spec: SystemSpec, login: str) -> None:
        self._own = RuleBook(spec.errors)
        self._all = RuleBook((*spec.errors, *_KNOWN))
        self._result = spec.result
        self._login = login

    def raise_for_status(self, reply: Reply, expired: tuple[int, ...]) -> None:
        """Raise what a reply's status means; ``expired`` are those that end a session."""
        if 200 <= reply.status < 300:
            return
        where = describe(reply.url)
        found = self._own.find(reply.body[:_LONGEST].decode("utf-8", "replace"))
        if found is not None:
            raise _meant(*found, reply)
        if reply.status in expired:
            raise _expired(where)
        if reply.status in (401, 403):
            raise self._denied(reply, where)
        raise_for_status(reply)

    def raise_for_result(self, document: Document, reply: Reply) -> None:
        """Raise what an error inside a successful reply means."""
        told = self._told(document, self._result) if self._result else None
        if told is None:
            return
        found = self._all.find(told)
        if found is not None:
            raise _meant(*found, reply)
        raise ProtocolError(
            "rest.fault",
            f"{describe(reply.url)} answers with an error that no rule knows",
            remedy="Look into the system's log, and add a rule under 'errors'",
        )

    def raise_for_change(
        self,
        reply: Reply,
        expired: tuple[int, ...],
        stream: str,
        kind: WriteKind,
        names: Collection[str],
    ) -> None:
        """Raise what the status of a reply to a change means; ``names`` are the fields sent.

        A redirect to where to look is no refusal; whether a create was done is looked up.
        """
        done = reply.status in (301, 302, 303) if kind == "create" else reply.status == 303
        if done:
            return
        if kind != "create" and reply.status in _GONE and self._unruled(reply):
            raise no_record(stream, kind)
        if reply.status in _REFUSED and self._unruled(reply):
            raise refused(reply, stream, names)
        self.raise_for_status(reply, expired)

    def _unruled(self, reply: Reply) -> bool:
        return self._own.find(reply.body[:_LONGEST].decode("utf-8", "replace")) is None

    def raise_for_page(self, reply: Reply) -> None:
        """Raise what a reply means that cannot be read as it should, if a rule knows it."""
        found = self._own.find(reply.body[:_LONGEST].decode("utf-8", "replace"))
        if found is not None:
            raise _meant(*found, reply)

    def _told(self, document: Document, spec: ResultSpec) -> str | None:
        """Return the text of the error that a document tells; None for a success."""
        failure = document.value(spec.error) if spec.error else None
        if failure not in (None, False, "", 0) and failure not in ([], {}):
            return document.text(spec.error or "")
        code = document.value(spec.code) if spec.code else None
        if code is not None and as_text(code) not in spec.ok:
            return f"{as_text(code)} {document.text('')}"
        return None

    def _denied(self, reply: Reply, where: str) -> AccessDenied:
        if reply.status == 401:
            return AccessDenied(
                "rest.login",
                f"{where} does not know who asks (status 401)",
                remedy="Check login and password of the connection, and 'auth'",
            )
        scope = _SCOPE.search(reply.headers.get("WWW-Authenticate") or "")
        grant = f" '{scope[1].strip()}'" if scope else f" to read {where}"
        whom = f"'{self._login}'" if self._login else "the connection's user"
        return AccessDenied(
            "rest.denied",
            f"{where} is refused to {whom} (status 403): the grant{grant} is missing",
            remedy=f"Ask the system's owner to give {whom} the grant{grant}",
            **({"grant": scope[1].strip()} if scope else {}),
        )


def _expired(where: str) -> SessionExpired:
    return SessionExpired("rest.expired", f"the session or token ended at {where}")


def refused(reply: Reply, stream: str, names: Collection[str]) -> RecordError:
    """Return the error for values that the system does not take; it shows none of them."""
    text = reply.body[:_LONGEST].decode("utf-8", "replace")
    spoken = [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)]
    told = f"; it speaks of {', '.join(spoken)}" if spoken else ""
    return RecordError(
        "adapter.write_refused",
        f"{describe(reply.url)} refuses the change (status {reply.status}){told}",
        remedy="Correct the values, or the record in the source",
        stream=stream,
    )


def _meant(rule: ErrorRule, name: str, reply: Reply) -> MidspanError | Nothing:
    where = describe(reply.url)
    shown = f": '{name}'" if name else ""
    grant = {"grant": name} if name else {}
    made: dict[str, Any] = {
        "denied": lambda: AccessDenied(
            "rest.denied",
            f"{where} refuses the access{shown}",
            remedy=rule.remedy or "Ask the system's owner to grant it to the connection's user",
            **grant,
        ),
        "expired": lambda: _expired(where),
        "busy": lambda: TransientError(
            "rest.busy",
            f"{where} cannot answer now{shown}",
            remedy=rule.remedy,
            retry_after=parse_retry_after(reply.headers.get("Retry-After")),
            acted=not 400 <= reply.status < 500,
        ),
        "drift": lambda: DriftError(
            "rest.unknown_name",
            f"{where} does not know what it is asked for{shown}",
            remedy=rule.remedy or "Correct the stream's path, query or body",
        ),
        "empty": Nothing,
        "refused": lambda: ProtocolError(
            "rest.refused", f"{where} refuses the request{shown}", remedy=rule.remedy
        ),
    }
    error: MidspanError | Nothing = made[rule.means]()
    return error
