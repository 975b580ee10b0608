"""Checks one stream: reads a little of it and, deeply, proves each of its capabilities.

Guarantee: no record is changed. What is called besides reading is OPTIONS, or the call that is
configured to tell whether the user may write.
"""

import uuid
from datetime import UTC, datetime, timedelta

from adapters.rest.calls import Request
from adapters.rest.changes import Changes
from adapters.rest.client import RestClient
from adapters.rest.reader import StreamReader
from adapters.rest.span import Span
from adapters.rest.spec import GrantedSpec
from adapters.rest.writer import Writer
from adapters.templates import as_text
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
)
from midspan.kernel.stream import StreamCheck

_FAR = timedelta(days=3650)
_FAR_NUMBER = 10**15 - 1
_SECOND, _MILLISECOND = 1, 1000
_TRIES = 3
_FOUND = (AccessDenied, DriftError, ProtocolError, RecordError)
IGNORED = "the filter for changes is ignored: each run reads everything"


class StreamChecker:
    """Checks one stream of a system; ``schema`` is the connection's."""

    def __init__(
        self, client: RestClient, reader: StreamReader, changes: Changes, schema: str
    ) -> None:
        self._client = client
        self._reader = reader
        self._changes = changes
        self._schema = schema
        self._granted: GrantedSpec | None = reader.stream.options.granted

    def check(self, *, deep: bool) -> StreamCheck:
        """Return what was found; only the trouble of the whole system raises."""
        name = self._reader.stream.name
        try:
            span = self._reader.listing.probe()
            remarks = self._prove(span) if deep else ()
        except _FOUND as error:
            return _failed(name, error, readable=False)
        if not deep or not (self._changes.writers or self._changes.finder):
            return StreamCheck(name, readable=True, remarks=remarks)
        try:
            if self._changes.finder is not None:
                self._changes.finder.refuse_ignored(f"midspan-check-{uuid.uuid4().hex}")
            writable, grant = self._writable(span)
        except _FOUND as error:
            return _failed(name, error, readable=True, remarks=remarks)
        problem = f"the user may not write '{name}': the grant '{grant}' is missing"
        return StreamCheck(
            name, True, "" if writable is not False else problem, writable, grant, remarks
        )

    def _prove(self, span: Span) -> tuple[str, ...]:
        """Prove what can be read besides the list; return the oddities that lose nothing."""
        self._reader.keys_in(self._reader.key_listing.probe())
        self._prove_detail(span)
        return self._filter(span)

    def _prove_detail(self, span: Span) -> None:
        details, rows = self._reader.details, span.rows()[:_TRIES]
        if details is None or not rows:
            return
        columns = span.columns()
        # One record may have been deleted since it was listed.
        if not any(details.one(dict(zip(columns, row, strict=True))) for row in rows):
            raise ProtocolError(
                "rest.detail_blind",
                f"the detail call of '{self._reader.stream.name}' finds no listed record",
                remedy="Check its path, its 'rows', and how the key stands in it",
            )

    def _filter(self, span: Span) -> tuple[str, ...]:
        """Ask for changes since a record's own stamp, and for changes of the future."""
        cursor, listing = self._reader.stream.cursor, self._reader.listing
        stamps = self._reader.stamps(self._reader.completed(span[:1])) if listing.filters else []
        if cursor is None or not stamps:
            return ()
        codec = cursor.codec
        if not len(listing.probe(codec.render(stamps[0]))):
            raise self._reader.misread(codec.render(stamps[0]))
        now = self._client.now() or datetime.now(UTC)
        far = codec.at(now + _FAR)
        if codec.kind == "integer":
            far = codec.parse(_far_number(int(max(stamps)), now))
        return (IGNORED,) if far is not None and self._finds(codec.render(far)) else ()

    def _finds(self, lower: str) -> bool:
        """Return whether something is found since a bound; a system may refuse the future."""
        try:
            return len(self._reader.listing.probe(lower)) > 0
        except ProtocolError as error:
            if error.code != "http.refused":
                raise
            return False

    def _writable(self, span: Span) -> tuple[bool | None, str]:
        """Return whether the user may write, None where it cannot be told, and the grant."""
        if not self._changes.writers:
            return None, ""
        if self._granted is not None:
            return self._told(self._granted)
        found = [self._allowed(writer, span) for writer in self._changes.writers.values()]
        refused = next((grant for allowed, grant in found if allowed is False), None)
        if refused is not None:
            return False, refused
        return (True if all(allowed for allowed, _ in found) else None), ""

    def _told(self, spec: GrantedSpec) -> tuple[bool, str]:
        call = self._client.compiled(spec, ("schema",))
        request = call.request({"schema": self._schema})
        value = self._client.fetch(
            request, lambda document, _reply: spec.value is None or document.value(spec.value)
        )
        words = value if isinstance(value, list) else as_text(value).split()
        granted = any(as_text(word) in spec.any for word in words)
        return granted, "" if granted else spec.any[0]

    def _allowed(self, writer: Writer, span: Span) -> tuple[bool | None, str]:
        """Ask by OPTIONS whether a call's method is allowed where it goes."""
        columns, rows = span.columns(), span.rows()
        row = dict(zip(columns, rows[0], strict=True)) if rows else {}
        request = writer.sample(row)
        if request is None:
            return None, ""
        reply = self._client.ask(Request("OPTIONS", request.url, request.headers))
        allowed = reply.headers.get("Allow")
        if not 200 <= reply.status < 300 or allowed is None:
            return None, ""
        methods = [one.strip().upper() for one in allowed.split(",")]
        return request.method in methods, f"{request.method} {writer.path}"


def _far_number(stamp: int, now: datetime) -> int:
    """Return a number far beyond a stamp: of the future, where the stamp counts since 1970."""
    for unit in (_SECOND, _MILLISECOND):
        if abs(stamp / unit - now.timestamp()) < _FAR.total_seconds():
            return int((now + _FAR).timestamp() * unit)
    return _FAR_NUMBER


def _failed(
    name: str, error: MidspanError, *, readable: bool, remarks: tuple[str, ...] = ()
) -> StreamCheck:
    writable = False if readable else None
    return StreamCheck(
        name, readable, str(error), writable, error.context.get("grant", ""), remarks
    )
